# SPDX-License-Identifier: Apache-2.0
"""What is counted of a guest: by libvirt, by its device model, by xenstored.

Round trips for a running guest: one each for memory and time, for the vCPUs, for each
network interface and for each disk of the driver phy. libvirt counts no disk that QEMU
serves («unsupported disk driver qemu»), so QEMU is asked itself, once for all disks.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any, TypeVar

from nova_xen import exceptions
from nova_xen.domain import Disk, Domain
from nova_xen.hypervisor import disk_counters, qmp
from nova_xen.hypervisor.guest import Guest
from nova_xen.hypervisor.xenstore import Xenstore
from nova_xen.model import DiskCounters, DiskDiagnostics, NicCounters, NicDiagnostics

OFF = "the server is off"
#: of virDomainInfo: memory in KiB, time in ns
_MEMORY, _TIME = 2, 4
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Processor:
    """Memory in KiB and times in ns; None where libvirt did not tell."""

    memory_kib: int | None = None
    cpu_time: int | None = None
    vcpu_times: tuple[int, ...] | None = None


def processor_of(guest: Guest) -> Processor:
    """What a running guest has and took.

    :raises HypervisorUnavailable: libvirt is out of reach
    """
    info, _ = _told(lambda: guest.query("info"))
    times, _ = _told(lambda: guest.query("getCPUStats", False))
    return Processor(
        memory_kib=info[_MEMORY] if info else None,
        cpu_time=info[_TIME] if info else None,
        vcpu_times=tuple(each["cpu_time"] for each in times) if times else None,
    )


def nics_of(guest: Guest, domain: Domain) -> tuple[NicDiagnostics, ...]:
    """The counters of each network interface of a running guest, as libvirt has them.

    :raises HypervisorUnavailable: libvirt is out of reach
    """
    macs = [nic.mac for nic in domain.devices.interfaces if nic.mac]
    return tuple(_nic(guest, mac) for mac in macs)


def _nic(guest: Guest, mac: str) -> NicDiagnostics:
    told, why = _told(lambda: guest.query("interfaceStats", mac))
    if told is None:
        return NicDiagnostics(mac=mac, why=why)
    # libvirt has -1 for what it does not know; its order is virDomainInterfaceStats'
    values = [value if value >= 0 else None for value in told]
    names = [field.name for field in dataclasses.fields(NicCounters)]
    return NicDiagnostics(
        mac=mac, counters=NicCounters(**dict(zip(names, values, strict=True)))
    )


def disks_of(
    guest: Guest, domain: Domain, domid: int, run_dir: str
) -> tuple[DiskDiagnostics, ...]:
    """The counters of each disk of a running guest.

    :param run_dir: where libxl has QEMU make its sockets
    :raises HypervisorUnavailable: libvirt is out of reach
    """
    disks = domain.devices.disks
    answer, why = None, ""
    if any(disk.driver_name != "phy" for disk in disks):
        path = f"{run_dir}/qmp-libxenstat-{domid}"
        answer, why = _told(
            lambda: qmp.query(path, "query-blockstats", server=guest.name)
        )
    return tuple(
        _phy_disk(guest, disk)
        if disk.driver_name == "phy"
        else _disk(disk, answer, why)
        for disk in disks
    )


def _phy_disk(guest: Guest, disk: Disk) -> DiskDiagnostics:
    told, why = _told(lambda: guest.query("blockStatsFlags", disk.target_dev))
    counters = DiskCounters() if told is None else disk_counters.from_libvirt(told)
    return DiskDiagnostics(target=disk.target_dev, counters=counters, why=why)


def _disk(disk: Disk, answer: Any, why: str) -> DiskDiagnostics:
    found = None
    if answer is not None:
        found = disk_counters.from_qemu(answer, disk.target_dev)
        why = "" if found else "the device model does not name this disk"
    return DiskDiagnostics(
        target=disk.target_dev, counters=found or DiskCounters(), why=why
    )


def uptime_of(
    uuid: str,
    *,
    open_store: Callable[[], Xenstore] = Xenstore,
    now: Callable[[], float] = time.time,
) -> int | None:
    """Seconds since libxl made the guest's domain; None when xenstored does not tell.

    libxl writes the time into ``/vm/UUID/start_time``, as ``xl uptime`` reads it.
    """
    try:
        store = open_store()
    except exceptions.ToolstackFailed:
        return None
    try:
        found = store.read(f"/vm/{uuid}/start_time") or ""
        seconds = int(now() - float(found))
    except (exceptions.ToolstackFailed, ValueError):
        return None
    finally:
        store.release()
    return seconds if seconds >= 0 else None  # the clock was set back


def _told(ask: Callable[[], _T]) -> tuple[_T | None, str]:
    """The answer, or None and why there is none.

    :raises HypervisorUnavailable: libvirt is out of reach
    """
    try:
        return ask(), ""
    except exceptions.HypervisorUnavailable:
        raise
    except exceptions.HypervisorError as error:
        return None, str(error.context.get("why") or error)
