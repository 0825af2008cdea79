# SPDX-License-Identifier: Apache-2.0
"""What a host has to give, what is used of it, and by whom."""

import dataclasses
import enum


class ResourceClass(enum.StrEnum):
    """Placement's words for what is counted here."""

    VCPU = "VCPU"
    MEMORY_MB = "MEMORY_MB"
    DISK_GB = "DISK_GB"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inventory:
    """A resource as placement keeps it; MEMORY_MB in MiB, DISK_GB in GiB.

    ``used`` is what is taken now, by whomever; placement counts allocations instead.
    ``why`` says where the numbers come from.
    """

    resource_class: ResourceClass
    total: int
    reserved: int
    used: int
    allocation_ratio: float
    max_unit: int
    min_unit: int = 1
    step_size: int = 1
    why: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class InventoryOptions:
    """The operator's choices about resources; memory and disk in MiB."""

    reserved_memory_mib: int = 512
    reserved_cpus: int = 0
    reserved_disk_mib: int = 0
    cpu_allocation_ratio: float = 4.0
    ram_allocation_ratio: float = 1.0
    disk_allocation_ratio: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class DomainUsage:
    """What an active guest has; ``ours`` tells a server from a guest of others."""

    uuid: str
    name: str
    vcpus: int
    memory_kib: int
    cpu_time_ns: int
    ours: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostUsage:
    """Xen's memory and who has it, asked at one time.

    ``spare_kib`` is what Domain-0 itself calls available, None when it was not read.
    """

    free_kib: int
    dom0_kib: int
    guests: tuple[DomainUsage, ...] = ()
    spare_kib: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiskSpace:
    """The file system that servers' disks lie on, in bytes.

    ``free`` is what root may still write; ``kind`` is the kernel's word for the file
    system, empty when it is not told; ``shared`` when other hosts see it too.
    """

    path: str
    total: int
    used: int
    free: int
    kind: str = ""
    shared: bool = False


@dataclasses.dataclass(frozen=True)
class Trait:
    """Something a host can do, by the name os-traits has for it."""

    name: str
    why: str
