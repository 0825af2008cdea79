# SPDX-License-Identifier: Apache-2.0
"""Volumes and interfaces plugged in and out over libvirtd's own libxl driver."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
from lxml import etree

from libxl.hosts import left_behind, make_plan, open_driver
from libxl.rig.daemon import Daemon
from nova_xen import exceptions
from nova_xen.driver import LibvirtDriver
from nova_xen.images.tools import qemu_img
from nova_xen.model import BridgeFacts, DiskFormat, Flavor, VolumeRequest
from nova_xen.operations import devices
from nova_xen.operations import host as host_module
from nova_xen.operations.request import CreateRequest, NicRequest

MIB = 1024**2
MAC = "00:16:3e:00:00:0a"
MODES = {
    "pv": {"vm_mode": "xen"},
    "hvm": {"vm_mode": "hvm"},
    "pvh": {"hw_machine_type": "xenpvh"},
}
BRIDGES = {
    "br0": BridgeFacts(name="br0", mtu=1500),
    "br-int": BridgeFacts(name="br-int", mtu=1500, openvswitch=True),
}
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "host_bridges", lambda: BRIDGES)
    monkeypatch.setattr(devices, "PAUSES", (0.1, 0.1))


@pytest.fixture
def driver(xen1: Daemon, tmp_path: Path) -> Iterator[LibvirtDriver]:
    made = open_driver(xen1.uri, tmp_path)
    yield made
    made.cleanup_host()


def spawned(driver: LibvirtDriver, folder: Path, mode: str = "pv") -> None:
    driver.spawn(make_plan(driver, folder, properties=MODES[mode]))


def volume(folder: Path, disk_format: DiskFormat = DiskFormat.RAW) -> str:
    path = str(folder / f"volume.{disk_format}")
    qemu_img.create(path, disk_format, 4 * MIB, server="test")
    return path


def plugged(connection: Any, flags: int = 0) -> list[str]:
    """Disks beside the first one, and addresses."""
    root = etree.fromstring(connection.lookupByName("web").XMLDesc(flags))
    disks = [each.get("dev", "") for each in root.findall("devices/disk/target")]
    macs = [each.get("address", "") for each in root.findall("devices/interface/mac")]
    return disks[1:] + macs


def documents(connection: Any) -> tuple[str, str]:
    domain = connection.lookupByName("web")
    return domain.XMLDesc(0), domain.XMLDesc(INACTIVE)


@pytest.mark.parametrize("disk_format", list(DiskFormat))
@pytest.mark.parametrize("mode", MODES)
def test_a_volume_comes_and_goes(
    driver: LibvirtDriver,
    xen1: Daemon,
    connection: Any,
    tmp_path: Path,
    mode: str,
    disk_format: DiskFormat,
) -> None:
    spawned(driver, tmp_path, mode)
    path = volume(tmp_path, disk_format)
    # the first four of an HVM guest stay, without a guest that takes them
    target = "xvde" if mode == "hvm" else None
    change = driver.attach_volume("web", VolumeRequest(path=path, target=target))
    target = target or "xvdb"
    assert (change.device, change.type) == (target, disk_format)
    assert any(
        line.startswith("attach-disk") and line.endswith(f"{target} {path}")
        for line in xen1.xen.operations()
    )
    assert plugged(connection) == plugged(connection, INACTIVE) == [target]
    assert driver.detach_volume("web", path) == ()
    assert plugged(connection) == plugged(connection, INACTIVE) == []
    driver.attach_volume("web", VolumeRequest(path=path))
    driver.destroy("web")
    assert left_behind(driver, connection, tmp_path) == []
    assert Path(path).exists()


def test_a_volume_given_while_off_reaches_libxl(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path
) -> None:
    spawned(driver, tmp_path)
    driver.power_off("web", 0)
    path = volume(tmp_path, DiskFormat.QCOW2)
    driver.attach_volume("web", VolumeRequest(path=path, target="xvdf"))
    driver.power_on("web")
    told = xen1.created("web")["disks"][-1]
    assert (told["pdev_path"], told["vdev"]) == (path, "xvdf")
    assert (told["format"], told["backend"]) == ("qcow2", "qdisk")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bridge", BRIDGES)
def test_an_interface_comes_and_goes(
    driver: LibvirtDriver, connection: Any, tmp_path: Path, mode: str, bridge: str
) -> None:
    spawned(driver, tmp_path, mode)
    change = driver.attach_interface("web", NicRequest(bridge=bridge, mac=MAC))
    assert (change.device, change.type) == (MAC, "netfront")
    assert plugged(connection) == plugged(connection, INACTIVE) == [MAC]
    domain = connection.lookupByName("web")
    ids = {
        parameters.get("interfaceid")
        for flags in (0, INACTIVE)
        for parameters in etree.fromstring(domain.XMLDesc(flags)).iter("parameters")
    }
    assert len(ids) == (bridge == "br-int")
    driver.detach_interface("web", MAC)
    assert plugged(connection) == plugged(connection, INACTIVE) == []


def test_an_interface_given_while_off_reaches_libxl(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path
) -> None:
    spawned(driver, tmp_path, "hvm")
    driver.power_off("web", 0)
    change = driver.attach_interface("web", NicRequest(bridge="br0", mac=MAC))
    assert change.type == "e1000"
    driver.power_on("web")
    (told,) = xen1.created("web")["nics"]
    assert (told["mac"], told["bridge"]) == (MAC, "br0")


def test_a_failure_in_libxl_leaves_a_server_as_it_was(
    driver: LibvirtDriver, xen1: Daemon, connection: Any, tmp_path: Path
) -> None:
    spawned(driver, tmp_path)
    before = documents(connection)
    xen1.xen.fail("attach-disk", "web")
    with pytest.raises(exceptions.StepFailed, match="failed to attach disk 'xvdb'"):
        driver.attach_volume("web", VolumeRequest(path=volume(tmp_path)))
    xen1.xen.without_bridge("br0")
    with pytest.raises(exceptions.StepFailed, match="failed to attach network device"):
        driver.attach_interface("web", NicRequest(bridge="br0", mac=MAC))
    assert documents(connection) == before


def test_a_guest_that_holds_its_disk(
    driver: LibvirtDriver, xen1: Daemon, connection: Any, tmp_path: Path
) -> None:
    spawned(driver, tmp_path)
    driver.attach_volume("web", VolumeRequest(path=volume(tmp_path)))
    xen1.xen.fail("detach-disk", "web", count=3)
    with pytest.raises(exceptions.DetachFailed, match="failed to detach disk 'xvdb'"):
        driver.detach_volume("web", "xvdb")
    assert plugged(connection) == plugged(connection, INACTIVE) == ["xvdb"]
    xen1.xen.fail("detach-disk", "web", count=2)
    driver.detach_volume("web", "xvdb")
    assert plugged(connection) == plugged(connection, INACTIVE) == []


@pytest.mark.parametrize(
    "flags", [libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG]
)
def test_what_is_in_one_document_is_told_and_goes(
    driver: LibvirtDriver, connection: Any, tmp_path: Path, flags: int
) -> None:
    spawned(driver, tmp_path)
    path = volume(tmp_path)
    domain = connection.lookupByName("web")
    domain.attachDeviceFlags(
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file='{path}'/><target dev='xvdb' bus='xen'/></disk>",
        flags,
    )
    domain.attachDeviceFlags(
        f"<interface type='bridge'><mac address='{MAC}'/><source bridge='br0'/>"
        "</interface>",
        flags,
    )
    with pytest.raises(exceptions.VolumeRefused, match="it has it already"):
        driver.attach_volume("web", VolumeRequest(path=path))
    driver.detach_volume("web", path)
    driver.detach_interface("web", MAC)
    assert plugged(connection) == plugged(connection, INACTIVE) == []


def iso(folder: Path, name: str) -> str:
    """A file with the marks of an ISO image, whose content nobody reads."""
    content = bytearray(64 * 1024)
    content[32 * 1024 : 32 * 1024 + 7] = b"\x01CD001\x01"
    (folder / name).write_bytes(content)
    return str(folder / name)


def test_a_medium_changes_and_goes(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path
) -> None:
    request = CreateRequest(
        name="web",
        image=iso(tmp_path, "install.iso"),
        image_format="iso",
        flavor=Flavor(vcpus=1, memory_mib=64, root_gib=1),
        properties=MODES["hvm"],
    )
    driver.spawn(driver.plan(driver.build_instance(request)))
    other = iso(tmp_path, "other.iso")
    driver.change_cdrom("web", other)
    assert xen1.xen.operations()[-1].endswith(other)
    assert driver.get_info("web").disks[1].source == other
    driver.change_cdrom("web", None)
    assert driver.get_info("web").disks[1].source == ""
    driver.power_off("web", 0)
    driver.change_cdrom("web", other)
    driver.power_on("web")
    told = xen1.created("web")["disks"][1]
    assert (told["pdev_path"], bool(told["is_cdrom"])) == (other, True)


@pytest.mark.parametrize("killed", [False, True])
def test_devices_outlive_libvirtd(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path, killed: bool
) -> None:
    spawned(driver, tmp_path)
    driver.attach_volume("web", VolumeRequest(path=volume(tmp_path)))
    driver.attach_interface("web", NicRequest(bridge="br0", mac=MAC))
    xen1.restart(killed=killed)
    server = driver.get_info("web")
    assert [disk.target for disk in server.disks] == ["xvda", "xvdb"]
    assert [nic.mac for nic in server.nics] == [MAC]
    driver.detach_volume("web", "xvdb")
    driver.detach_interface("web", MAC)


def test_a_libvirtd_killed_between_xen_and_its_own_documents(
    driver: LibvirtDriver, xen1: Daemon, connection: Any, tmp_path: Path
) -> None:
    """Nothing is made up: what is told may have been done, and nothing is recorded."""
    spawned(driver, tmp_path)
    path = volume(tmp_path)
    failures: list[exceptions.NovaXenError] = []

    def attach() -> None:
        try:
            driver.attach_volume("web", VolumeRequest(path=path))
        except exceptions.NovaXenError as error:
            failures.append(error)

    with xen1.xen.holding("attach-disk"):
        plugging = threading.Thread(target=attach)
        plugging.start()
        xen1.xen.wait_held("attach-disk")
        xen1.restart(killed=True)
        plugging.join(60)
    (failure,) = failures
    assert isinstance(failure, exceptions.StepFailed)
    assert "which may or may not have been done" in str(failure)
    server = driver.get_info("web")
    assert [disk.target for disk in server.disks] == ["xvda"]
    driver.power_off("web", 0)
    driver.attach_volume("web", VolumeRequest(path=path))
    driver.power_on("web")
    assert [disk.target for disk in driver.get_info("web").disks] == ["xvda", "xvdb"]


def test_what_two_servers_may_not_share(driver: LibvirtDriver, tmp_path: Path) -> None:
    spawned(driver, tmp_path)
    driver.spawn(make_plan(driver, tmp_path, "db", properties=MODES["pvh"]))
    path = volume(tmp_path)
    driver.attach_volume("web", VolumeRequest(path=path))
    driver.attach_interface("web", NicRequest(bridge="br0", mac=MAC))
    with pytest.raises(exceptions.VolumeRefused, match="server web has it as xvdb"):
        driver.attach_volume("db", VolumeRequest(path=path))
    with pytest.raises(exceptions.InvalidNic, match="server web has the same MAC"):
        driver.attach_interface("db", NicRequest(bridge="br0", mac=MAC))
