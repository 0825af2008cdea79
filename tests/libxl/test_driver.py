# SPDX-License-Identifier: Apache-2.0
"""The whole driver over libvirtd's own libxl driver: what reaches libxl, what lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from libxl.hosts import left_behind, make_plan, open_driver
from libxl.rig.daemon import Daemon
from nova_xen import exceptions
from nova_xen.driver import LibvirtDriver
from nova_xen.hypervisor import LifecycleEvent, LifecycleKind
from nova_xen.model import ConfigDriveFormat, DiskFormat, PowerState

MODES = {
    "pv": {"vm_mode": "xen"},
    "hvm": {"vm_mode": "hvm"},
    "pvh": {"hw_machine_type": "xenpvh"},
}


@pytest.fixture
def driver(xen1: Daemon, tmp_path: Path) -> Iterator[LibvirtDriver]:
    made = open_driver(xen1.uri, tmp_path, use_cow_images=False)
    yield made
    made.cleanup_host()


@pytest.mark.parametrize("disk_format", list(DiskFormat))
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_and_format_reaches_libxl(
    driver: LibvirtDriver,
    xen1: Daemon,
    connection: Any,
    tmp_path: Path,
    mode: str,
    disk_format: DiskFormat,
) -> None:
    plan = make_plan(driver, tmp_path, "web", disk_format, MODES[mode])
    server = driver.spawn(plan)
    assert server.state is PowerState.RUNNING
    told = xen1.created("web")
    assert told["c_info"]["type"] == mode
    assert told["disks"][0]["format"] == disk_format.value
    driver.destroy("web")
    assert left_behind(driver, connection, tmp_path) == []


@pytest.mark.parametrize("drive_format", list(ConfigDriveFormat))
@pytest.mark.parametrize("mode", MODES)
def test_a_config_drive_reaches_libxl(
    xen1: Daemon,
    connection: Any,
    tmp_path: Path,
    mode: str,
    drive_format: ConfigDriveFormat,
) -> None:
    driver = open_driver(
        xen1.uri,
        tmp_path,
        force_config_drive=True,
        config_drive_format=drive_format,
    )
    plan = make_plan(driver, tmp_path, "web", properties=MODES[mode])
    driver.spawn(plan)
    assert plan.config_drive is not None
    told = xen1.created("web")["disks"][-1]
    cdrom = drive_format is ConfigDriveFormat.ISO9660 and mode != "pvh"
    assert told["pdev_path"] == plan.config_drive.path
    assert told["vdev"] == ("hdb" if mode == "hvm" else "xvdb")
    assert (told["format"], told["backend"]) == ("raw", "qdisk")
    assert bool(told.get("is_cdrom")) is cdrom
    assert bool(told.get("readwrite")) is not cdrom
    driver.destroy("web")
    assert left_behind(driver, connection, tmp_path) == []
    driver.cleanup_host()


def test_tuning_reaches_libxl(xen1: Daemon, tmp_path: Path) -> None:
    driver = open_driver(xen1.uri, tmp_path, cpuset="1-2")
    specs = {"quota:cpu_shares": "300", "quota:cpu_quota": "50000"}
    driver.spawn(make_plan(driver, tmp_path, extra_specs=specs))
    told = xen1.created("web")["b_info"]
    assert told["sched_params"]["weight"] == 300
    assert told["vcpu_hard_affinity"] == [[1, 2], [1, 2]]
    driver.cleanup_host()


def test_uefi_reaches_libxl(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path
) -> None:
    properties = {"vm_mode": "hvm", "hw_firmware_type": "uefi"}
    driver.spawn(make_plan(driver, tmp_path, properties=properties))
    assert xen1.created("web")["b_info"]["type.hvm"]["bios"] == "ovmf"


def test_a_failure_in_libxl_leaves_nothing_and_shows_its_log(
    driver: LibvirtDriver, xen1: Daemon, connection: Any, tmp_path: Path
) -> None:
    plan = make_plan(driver, tmp_path)
    xen1.xen.fail("create", "web", count=1)
    with pytest.raises(exceptions.StepFailed, match="'start it'") as caught:
        driver.spawn(plan)
    assert "libxenlight failed to create new domain 'web'" in str(caught.value)
    assert left_behind(driver, connection, tmp_path) == []


def test_resources_grow_with_a_server(driver: LibvirtDriver, tmp_path: Path) -> None:
    def told() -> dict[str, tuple[int, int]]:
        found = driver.get_inventory()
        return {each.resource_class.value: (each.used, each.reserved) for each in found}

    before = told()
    driver.spawn(make_plan(driver, tmp_path))
    after = told()
    assert after["VCPU"][0] - before["VCPU"][0] == 2
    used = after["MEMORY_MB"][0] - before["MEMORY_MB"][0]
    reserved = after["MEMORY_MB"][1] - before["MEMORY_MB"][1]
    assert used == reserved + 64
    driver.destroy("web")
    assert told() == before


def test_traits_come_from_libvirts_own_words(driver: LibvirtDriver) -> None:
    found = {each.name for each in driver.get_traits()}
    assert {
        *("COMPUTE_GRAPHICS_MODEL_CIRRUS", "COMPUTE_STORAGE_BUS_SCSI"),
        *("HW_CPU_X86_SSE42", "HW_CPU_X86_SSE3", "HW_CPU_X86_CLMUL"),
    } <= found


def test_what_libvirt_counts_of_a_server(driver: LibvirtDriver, tmp_path: Path) -> None:
    """Here is no QEMU, and no network interface that it would have made."""
    driver.spawn(make_plan(driver, tmp_path))
    found = driver.get_instance_diagnostics("web")
    assert (found.memory_maximum, found.memory_used) == (64, 64)
    assert found.cpu_time is not None
    assert [cpu.time is None for cpu in found.cpus] == [False, False]
    (disk,) = found.disks
    assert "qmp-libxenstat" in disk.why
    driver.power_off("web", 0)
    off = driver.get_instance_diagnostics("web")
    assert (off.cpu_time, off.cpus[0].time) == (None, None)


@pytest.mark.parametrize("killed", [False, True])
def test_libvirtd_restarting_is_survived(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path, killed: bool
) -> None:
    driver.spawn(make_plan(driver, tmp_path))
    xen1.restart(killed=killed)
    assert driver.get_info("web").state is PowerState.RUNNING
    driver.power_off("web", 0)
    driver.power_on("web")
    assert driver.get_info("web").state is PowerState.RUNNING


class Listener:
    """Collects events and waits for one."""

    def __init__(self) -> None:
        self.seen: list[LifecycleEvent] = []
        self._news = threading.Condition()

    def __call__(self, event: LifecycleEvent) -> None:
        with self._news:
            self.seen.append(event)
            self._news.notify_all()

    def wait(self, kind: LifecycleKind, times: int = 1, seconds: float = 60) -> bool:
        with self._news:
            return self._news.wait_for(lambda: self.count(kind) >= times, seconds)

    def count(self, kind: LifecycleKind) -> int:
        return sum(event.kind is kind for event in self.seen)


def test_events_come_also_after_a_restart_of_libvirtd(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path
) -> None:
    listener = Listener()
    driver.register_event_listener(listener)
    driver.spawn(make_plan(driver, tmp_path))
    assert listener.wait(LifecycleKind.STARTED)
    xen1.restart(killed=True)
    driver.pause("web")
    assert listener.wait(LifecycleKind.PAUSED)


def test_a_guests_own_reboot_is_not_a_stop(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path
) -> None:
    listener = Listener()
    driver.register_event_listener(listener)
    before = driver.spawn(make_plan(driver, tmp_path)).domid
    xen1.xen.reboot("web")
    assert listener.wait(LifecycleKind.STARTED, times=2)
    xen1.xen.power_off("web")
    assert listener.wait(LifecycleKind.STOPPED)
    assert listener.count(LifecycleKind.STOPPED) == 1
    assert driver.get_info("web").state is PowerState.STOPPED
    driver.power_on("web")
    assert driver.get_info("web").domid not in (None, before)
