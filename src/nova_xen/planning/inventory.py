# SPDX-License-Identifier: Apache-2.0
"""A host's resources as placement keeps them, with the numbers they come from.

Memory. Xen's own count is taken: used is the total less what Xen has free, so that Xen
itself, its share for each guest, Domain-0 and domains that libvirt does not see are in
it. Where libxl takes memory from Domain-0 for a guest, what Domain-0 calls available
counts as free as well, as far as libxl goes. Nova's old sum over the domains misses
what Xen keeps for itself and takes all of Domain-0's caches for free.

Placement takes a server's flavor off the total, so whatever else is used must be
reserved: all that is used and is no server's, and at least ``reserved_host_memory_mb``.
Then what placement has left is what Xen has free, on a host without stopped servers.
"""

from collections.abc import Iterator

from nova_xen.model import (
    GIB,
    DiskSpace,
    DomainUsage,
    HostFacts,
    HostUsage,
    Inventory,
    InventoryOptions,
    ResourceClass,
)
from nova_xen.planning.memory import DOM0_LEAST_MIB


def make_inventories(
    host: HostFacts,
    usage: HostUsage,
    space: DiskSpace,
    options: InventoryOptions,
    cpuset: str | None = None,
) -> tuple[Inventory, ...]:
    """One for each resource class; none for what there is nothing of.

    :param cpuset: the host CPUs that guests may run on, libvirt's form; None for all
    """
    found = (
        _vcpu(host, usage, options, cpuset),
        _memory(host, usage, options),
        _disk(space, options),
    )
    # placement refuses a total below 1
    return tuple(each for each in found if each.total > 0)


def _vcpu(
    host: HostFacts, usage: HostUsage, options: InventoryOptions, cpuset: str | None
) -> Inventory:
    """libxl has no getCPUMap, so the node's own number of CPUs is taken."""
    total, source = host.cpus, f"the host has {host.cpus} CPUs"
    if cpuset is not None:
        total = len(cpus_of(cpuset) & set(range(host.cpus)))
        source += f", guests may run on {total} of them (cpu_shared_set = {cpuset})"
    return Inventory(
        resource_class=ResourceClass.VCPU,
        total=total,
        reserved=min(options.reserved_cpus, total),
        used=sum(guest.vcpus for guest in usage.guests),
        allocation_ratio=options.cpu_allocation_ratio,
        max_unit=total,
        why=f"{source}; the vCPUs of {_count(usage.guests)} are used",
    )


def _memory(host: HostFacts, usage: HostUsage, options: InventoryOptions) -> Inventory:
    total, free = host.memory_mib, usage.free_kib // 1024
    spare = spare_mib(host, usage)
    used = min(max(total - free - spare, 0), total)
    servers = sum(guest.memory_kib for guest in usage.guests if guest.ours) // 1024
    reserved = min(max(options.reserved_memory_mib, used - servers), total)
    return Inventory(
        resource_class=ResourceClass.MEMORY_MB,
        total=total,
        reserved=reserved,
        used=used,
        allocation_ratio=options.ram_allocation_ratio,
        max_unit=total,
        why="; ".join(_of_memory(host, usage, spare)),
    )


def spare_mib(host: HostFacts, usage: HostUsage) -> int:
    """What libxl could take from Domain-0 for a guest now, MiB.

    It leaves it ``DOM0_LEAST_MIB``; Domain-0 itself would suffer before that if more
    was taken than it has available.
    """
    if not host.autoballoon or usage.spare_kib is None:
        return 0
    above_least = usage.dom0_kib // 1024 - DOM0_LEAST_MIB
    return max(0, min(usage.spare_kib // 1024, above_least))


def _of_memory(host: HostFacts, usage: HostUsage, spare: int) -> Iterator[str]:
    free, dom0 = usage.free_kib // 1024, usage.dom0_kib // 1024
    servers = sum(guest.memory_kib for guest in usage.guests if guest.ours) // 1024
    others = sum(guest.memory_kib for guest in usage.guests if not guest.ours) // 1024
    parts = [f"Domain-0 {dom0} MiB", f"servers {servers} MiB"]
    if others:
        parts.append(f"other guests {others} MiB")
    # a guest that came or went between two questions would make it negative
    rest = max(0, host.memory_mib - free - dom0 - servers - others)
    parts.append(f"Xen and its share for guests {rest} MiB")
    yield f"{', '.join(parts)}, free {free} MiB"
    if spare:
        yield f"Domain-0 can give {spare} MiB, which do not count as used"
    yield "reserved is what is used and no server's, if the option does not say more"


def _disk(space: DiskSpace, options: InventoryOptions) -> Inventory:
    total = space.total // GIB
    kind = f"{space.kind} file system" if space.kind else "file system"
    why = f"{kind} of {space.path}, {space.free // GIB} GiB are free"
    if space.shared:
        why += "; other hosts that have it count the same space"
    return Inventory(
        resource_class=ResourceClass.DISK_GB,
        total=total,
        reserved=min(-(-options.reserved_disk_mib // 1024), total),
        used=space.used // GIB,
        allocation_ratio=options.disk_allocation_ratio,
        max_unit=total,
        why=why,
    )


def _count(guests: tuple[DomainUsage, ...]) -> str:
    return "1 active guest" if len(guests) == 1 else f"{len(guests)} active guests"


def cpus_of(cpuset: str) -> set[int]:
    """The CPUs of libvirt's form of a list, such as ``2-7,^4``."""
    taken, left = set[int](), set[int]()
    for part in cpuset.split(","):
        first, _, last = part.removeprefix("^").partition("-")
        numbers = range(int(first), int(last or first) + 1)
        (left if part.startswith("^") else taken).update(numbers)
    return taken - left
