# SPDX-License-Identifier: Apache-2.0
"""What is counted of a server; None is what nobody tells, never 0."""

import dataclasses

from nova_xen.model.guest import PowerState


@dataclasses.dataclass(frozen=True, kw_only=True)
class CpuDiagnostics:
    """A vCPU and the time it has run, in ns."""

    id: int
    time: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiskCounters:
    """What went to and from a disk since the guest started; ``errors`` that failed."""

    read_bytes: int | None = None
    read_requests: int | None = None
    write_bytes: int | None = None
    write_requests: int | None = None
    errors: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiskDiagnostics:
    """A disk by the name the guest has for it; ``why`` it tells nothing."""

    target: str
    counters: DiskCounters = DiskCounters()
    why: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NicCounters:
    """What went through a network interface; rx is what the guest received."""

    rx_octets: int | None = None
    rx_packets: int | None = None
    rx_errors: int | None = None
    rx_drop: int | None = None
    tx_octets: int | None = None
    tx_packets: int | None = None
    tx_errors: int | None = None
    tx_drop: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class NicDiagnostics:
    """A network interface by its address; ``why`` it tells nothing."""

    mac: str
    counters: NicCounters = NicCounters()
    why: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """A server's counters; memory in MiB, ``cpu_time`` in ns, ``uptime`` in s.

    ``uptime`` is since Xen made the domain: a reboot and a migration begin it anew.
    ``memory_used`` is what Xen has given the guest, not what the guest makes use of.
    """

    uuid: str
    name: str
    state: PowerState
    config_drive: bool
    memory_maximum: int
    memory_used: int | None = None
    uptime: int | None = None
    cpu_time: int | None = None
    cpus: tuple[CpuDiagnostics, ...] = ()
    disks: tuple[DiskDiagnostics, ...] = ()
    nics: tuple[NicDiagnostics, ...] = ()
    driver: str = "libvirt"
    hypervisor: str = "xen"
    hypervisor_os: str = "linux"
