# SPDX-License-Identifier: Apache-2.0
"""What is counted of one server."""

import dataclasses
import os

from nova_xen.domain import Domain, Interface
from nova_xen.hypervisor import Guest
from nova_xen.hypervisor.counters import (
    OFF,
    Processor,
    disks_of,
    nics_of,
    processor_of,
    uptime_of,
)
from nova_xen.model import (
    CpuDiagnostics,
    Diagnostics,
    DiskDiagnostics,
    DiskKind,
    NicCounters,
    NicDiagnostics,
)
from nova_xen.network import host_side, other_side
from nova_xen.operations.host import Host


def get_diagnostics(host: Host, name: str) -> Diagnostics:
    """Everything that is counted of it; None stands for what nobody tells.

    :raises ServerNotFound: there is none
    :raises NotOurs: a domain that somebody else made
    """
    guest, domain = host.find(name)
    state, domid = guest.state(), guest.domid()
    base = Diagnostics(
        uuid=guest.uuid,
        name=guest.name,
        state=state,
        config_drive=_has_config_drive(domain),
        memory_maximum=domain.memory // 1024,
    )
    if domid is None:
        return _of_off(base, domain)
    return _of_running(base, host, guest, domain, domid)


def _has_config_drive(domain: Domain) -> bool:
    sources = (disk.source or "" for disk in domain.devices.disks)
    return any(os.path.basename(path) == DiskKind.CONFIG for path in sources)


def _of_off(base: Diagnostics, domain: Domain) -> Diagnostics:
    devices = domain.devices
    return dataclasses.replace(
        base,
        cpus=_cpus(domain, Processor()),
        disks=tuple(
            DiskDiagnostics(target=disk.target_dev, why=OFF) for disk in devices.disks
        ),
        nics=tuple(
            NicDiagnostics(mac=nic.mac or "", why=OFF) for nic in devices.interfaces
        ),
    )


def _of_running(
    base: Diagnostics, host: Host, guest: Guest, domain: Domain, domid: int
) -> Diagnostics:
    processor = processor_of(guest)
    used = processor.memory_kib
    return dataclasses.replace(
        base,
        memory_used=None if used is None else used // 1024,
        uptime=uptime_of(guest.uuid),
        cpu_time=processor.cpu_time,
        cpus=_cpus(domain, processor),
        disks=disks_of(guest, domain, domid, host.xen_run_dir),
        nics=_nics(guest, domain),
    )


def _cpus(domain: Domain, processor: Processor) -> tuple[CpuDiagnostics, ...]:
    times = processor.vcpu_times or (None,) * domain.vcpus
    return tuple(CpuDiagnostics(id=id_, time=time) for id_, time in enumerate(times))


def _nics(guest: Guest, domain: Domain) -> tuple[NicDiagnostics, ...]:
    """libvirt's counters, and those of the interface that libxl puts beside."""
    by_mac = {nic.mac: nic for nic in domain.devices.interfaces}
    return tuple(_whole(each, by_mac[each.mac]) for each in nics_of(guest, domain))


def _whole(told: NicDiagnostics, nic: Interface) -> NicDiagnostics:
    beside = host_side(other_side(nic.target_dev)) if nic.target_dev else None
    if beside is None or told.why:
        return told
    return dataclasses.replace(told, counters=_sum(told.counters, beside))


def _sum(one: NicCounters, other: NicCounters) -> NicCounters:
    """Unknown where either is."""
    pairs = {name: (value, getattr(other, name)) for name, value in vars(one).items()}
    return NicCounters(
        **{name: None if None in pair else sum(pair) for name, pair in pairs.items()}
    )
