# SPDX-License-Identifier: Apache-2.0
"""What is counted of a server, by a fake libvirt, a small QEMU and xenstored."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree

from nova_xen import exceptions
from nova_xen.images import no_progress
from nova_xen.model import DiskCounters, NicCounters, Plan, PowerState
from nova_xen.operations import diagnostics as operation
from nova_xen.operations import power, spawn
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost, Guest
from unit.hypervisor.fake_qemu import Qemu, block_statistics
from unit.hypervisor.fake_xenstored import Xenstored

MAC = "00:16:3e:00:00:07"


@pytest.fixture(autouse=True)
def _no_xenstored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XENSTORED_PATH", f"{tmp_path}/none")


@pytest.fixture
def host(host: Host, tmp_path: Path) -> Host:
    return dataclasses.replace(host, xen_run_dir=str(tmp_path))


@pytest.fixture
def web(host: Host, fake: FakeHost, make_plan: Callable[..., Plan]) -> Guest:
    """A running server with a disk that QEMU serves and a network interface."""
    spawn.spawn(host, make_plan(vcpus=2), no_progress)
    guest = fake.guest("web")
    add(guest, f"<interface type='bridge'><mac address='{MAC}'/></interface>")
    return guest


def add(guest: Guest, device: str) -> None:
    devices = guest.current.find("devices")
    assert devices is not None
    devices.append(etree.fromstring(device))


@pytest.fixture
def qemu(web: Guest, tmp_path: Path) -> Iterator[Qemu]:
    with Qemu(tmp_path / f"qmp-libxenstat-{web.id}") as made:
        yield made


def test_a_running_server(host: Host, web: Guest, qemu: Qemu) -> None:
    web.cpu_time = 3_000
    web.counters[MAC] = (1, 2, 3, 4, 5, 6, 7, -1)
    qemu.answers["query-blockstats"] = [
        block_statistics("xvda-qcow2", rd_bytes=512, rd_operations=1)
    ]
    found = operation.get_diagnostics(host, "web")
    assert (found.uuid, found.name) == (web.uuid, "web")
    assert (found.state, found.config_drive) == (PowerState.RUNNING, False)
    assert (found.driver, found.hypervisor) == ("libvirt", "xen")
    assert (found.memory_maximum, found.memory_used) == (128, 128)
    assert found.cpu_time == 3_000
    assert [(cpu.id, cpu.time) for cpu in found.cpus] == [(0, 1_500), (1, 1_500)]
    (nic,) = found.nics
    assert (nic.mac, nic.why) == (MAC, "")
    # libvirt's -1 is what it does not know
    assert dataclasses.astuple(nic.counters) == (1, 2, 3, 4, 5, 6, 7, None)
    (disk,) = found.disks
    assert (disk.target, disk.why) == ("xvda", "")
    assert disk.counters == DiskCounters(
        read_bytes=512, read_requests=1, write_bytes=0, write_requests=0, errors=0
    )


def test_round_trips(host: Host, web: Guest, qemu: Qemu) -> None:
    """Looked up, state, id, then one for each thing that libvirt counts."""
    qemu.answers["query-blockstats"] = []
    host.connection.calls.clear()
    operation.get_diagnostics(host, "web")
    assert host.connection.calls == {
        "lookupByName": 1,
        "XMLDesc": 1,
        "state": 1,
        "lookupByUUIDString": 1,
        "info": 1,
        "getCPUStats": 1,
        "interfaceStats": 1,
    }
    assert qemu.asked == ["qmp_capabilities", "query-blockstats"]


def test_a_server_that_is_off(host: Host, web: Guest) -> None:
    power.power_off(host, "web", 0)
    found = operation.get_diagnostics(host, "web")
    assert found.state is PowerState.STOPPED
    assert (found.uptime, found.cpu_time, found.memory_used) == (None, None, None)
    assert [cpu.time for cpu in found.cpus] == [None, None]
    assert [(disk.counters, disk.why) for disk in found.disks] == [
        (DiskCounters(), "the server is off")
    ]


def test_a_silent_device_model(host: Host, web: Guest, tmp_path: Path) -> None:
    (disk,) = operation.get_diagnostics(host, "web").disks
    assert disk.counters == DiskCounters()
    path = f"{tmp_path}/qmp-libxenstat-{web.id}"
    assert disk.why == f"{path}: No such file or directory"


def test_a_disk_that_the_device_model_does_not_have(
    host: Host, web: Guest, qemu: Qemu
) -> None:
    qemu.answers["query-blockstats"] = [block_statistics("xvdb-raw")]
    (disk,) = operation.get_diagnostics(host, "web").disks
    assert disk.counters == DiskCounters()
    assert disk.why == "the device model does not name this disk"


def test_a_disk_that_libvirt_counts(host: Host, web: Guest) -> None:
    """And no device model is asked for a server that has no other disk."""
    for element in web.current.findall("devices/disk"):
        driver = element.find("driver")
        assert driver is not None
        driver.set("name", "phy")
    web.counters["xvda"] = (512, 1, 1024, 2, 3, 4)
    (disk,) = operation.get_diagnostics(host, "web").disks
    assert disk.why == ""
    assert disk.counters == DiskCounters(
        read_bytes=512, read_requests=1, write_bytes=1024, write_requests=2
    )


@pytest.mark.parametrize(
    ("call", "unknown"),
    [
        ("info", {"cpu_time", "memory_used"}),
        ("getCPUStats", {"vcpus"}),
        ("interfaceStats", {"nic"}),
    ],
)
def test_what_libvirt_does_not_tell_is_unknown(
    host: Host, fake: FakeHost, web: Guest, call: str, unknown: set[str]
) -> None:
    fake.fail_next(call, 55, "domain is not running", guest="web")
    found = operation.get_diagnostics(host, "web")
    (nic,) = found.nics
    told = {
        "cpu_time": found.cpu_time,
        "memory_used": found.memory_used,
        "vcpus": found.cpus[0].time,
        "nic": nic.counters.rx_octets,
    }
    assert {name for name, value in told.items() if value is None} == unknown
    assert len(found.cpus) == 2
    assert bool(nic.why) is (call == "interfaceStats")


@pytest.mark.parametrize("call", ["info", "getCPUStats", "interfaceStats"])
def test_a_server_that_is_deleted_meanwhile(
    host: Host, fake: FakeHost, web: Guest, call: str
) -> None:
    fake.fail_next(call, 42, "Domain not found", guest="web")
    with pytest.raises(exceptions.ServerNotFound):
        operation.get_diagnostics(host, "web")


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (None, 10),
        (NicCounters(rx_octets=5), 15),
        (NicCounters(), None),
    ],
)
def test_an_emulated_card_has_two_interfaces(
    host: Host,
    web: Guest,
    monkeypatch: pytest.MonkeyPatch,
    beside: NicCounters | None,
    expected: int | None,
) -> None:
    """A guest with Xen's drivers uses the one that libvirt does not count."""
    asked = []

    def host_side(name: str) -> NicCounters | None:
        asked.append(name)
        return beside

    monkeypatch.setattr(operation, "host_side", host_side)
    nic = web.current.find("devices/interface")
    assert nic is not None
    etree.SubElement(nic, "target", dev="vif7.0-emu")
    web.counters[MAC] = (10,) * 8
    (found,) = operation.get_diagnostics(host, "web").nics
    assert asked == ["vif7.0"]
    assert found.counters.rx_octets == expected


@pytest.mark.parametrize(
    ("began", "expected"),
    # not a whole number of seconds: what is stored is rounded
    [(-60.5, 60), (3600.0, None), (None, None), ("soon", None)],
)
def test_uptime(
    host: Host,
    web: Guest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    began: float | str | None,
    expected: int | None,
) -> None:
    with Xenstored(tmp_path / "xenstored") as store:
        monkeypatch.setenv("XENSTORED_PATH", store.path)
        value = f"{time.time() + began:.2f}" if isinstance(began, float) else began
        if value is not None:
            store.nodes[f"/vm/{web.uuid}/start_time"] = value
        found = operation.get_diagnostics(host, "web").uptime
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert expected <= found < expected + 30


def test_a_config_drive(host: Host, web: Guest) -> None:
    add(
        web,
        "<disk type='file' device='cdrom'><source file='/i/disk.config'/>"
        "<target dev='xvdb' bus='xen'/></disk>",
    )
    assert operation.get_diagnostics(host, "web").config_drive is True


@pytest.mark.parametrize("name", ["nobody", ""])
def test_no_such_server(host: Host, name: str) -> None:
    with pytest.raises(exceptions.ServerNotFound):
        operation.get_diagnostics(host, name)
