# SPDX-License-Identifier: Apache-2.0
"""What of a host is for servers: as numbers that placement takes."""

import dataclasses
from typing import Any

import pytest

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
from nova_xen.planning.inventory import cpus_of, make_inventories, spare_mib

#: as recorded on a real host: 4095 MiB, of which Domain-0 has 1536 and Xen 43
HOST = HostFacts(
    hostname="xen1",
    arch="x86_64",
    xen_version=4_017_007,
    libvirt_version=9_000_000,
    modes={},
    cpus=4,
    memory_mib=4095,
    free_memory_mib=2516,
)
IDLE = HostUsage(free_kib=2516 * 1024, dom0_kib=1536 * 1024)
SPACE = DiskSpace(path="/srv", total=100 * GIB + 5, used=30 * GIB + 5, free=60 * GIB)


def guest(mib: int = 512, vcpus: int = 1, *, ours: bool = True) -> DomainUsage:
    return DomainUsage(
        uuid="u",
        name="n",
        vcpus=vcpus,
        memory_kib=mib * 1024,
        cpu_time_ns=1,
        ours=ours,
    )


def usage(*guests: DomainUsage, free: int, dom0: int = 1536, **more: Any) -> HostUsage:
    return HostUsage(free_kib=free * 1024, dom0_kib=dom0 * 1024, guests=guests, **more)


def one(
    what: ResourceClass,
    used: HostUsage = IDLE,
    *,
    host: HostFacts = HOST,
    space: DiskSpace = SPACE,
    cpuset: str | None = None,
    **options: Any,
) -> Inventory:
    made = make_inventories(host, used, space, InventoryOptions(**options), cpuset)
    (found,) = (each for each in made if each.resource_class is what)
    return found


@pytest.mark.parametrize(
    ("used", "options", "expected"),
    [
        (IDLE, {}, (1579, 1579)),
        (IDLE, {"reserved_memory_mib": 2000}, (2000, 1579)),
        (IDLE, {"reserved_memory_mib": 9999}, (4095, 1579)),
        # a server of 512 MiB for which Xen takes 6 more
        (usage(guest(512), free=1998), {}, (1585, 2097)),
        (usage(guest(512), guest(512), free=1480), {}, (1591, 2615)),
        # a guest of others is nobody's allocation, so it is reserved
        (usage(guest(512, ours=False), free=1998), {}, (2097, 2097)),
        # so is a domain that libvirt does not see
        (usage(free=1998), {}, (2097, 2097)),
        # a guest that went between two questions
        (usage(guest(512), free=2516), {}, (1067, 1579)),
        (usage(guest(4000), free=2516), {}, (512, 1579)),
        (usage(free=5000), {}, (512, 0)),
    ],
)
def test_memory(
    used: HostUsage, options: dict[str, Any], expected: tuple[int, int]
) -> None:
    found = one(ResourceClass.MEMORY_MB, used, **options)
    assert (found.total, found.max_unit, found.min_unit, found.step_size) == (
        *(4095, 4095),
        *(1, 1),
    )
    assert (found.reserved, found.used) == expected


def test_placement_has_left_what_xen_has_free() -> None:
    """Once each server's flavor is taken off what is not reserved."""
    used = usage(guest(512), guest(256), guest(300, ours=False), free=1403)
    found = one(ResourceClass.MEMORY_MB, used)
    assert found.total - found.reserved - (512 + 256) == 1403


BALLOONING = dataclasses.replace(HOST, autoballoon=True)


@pytest.mark.parametrize(
    ("host", "dom0", "available_mib", "expected"),
    [
        (HOST, 4000, 3000, 0),
        (BALLOONING, 4000, None, 0),
        (BALLOONING, 4000, 3000, 3000),
        (BALLOONING, 4000, 3950, 3872),
        (BALLOONING, 100, 50, 0),
    ],
)
def test_what_domain_0_can_give(
    host: HostFacts, dom0: int, available_mib: int | None, expected: int
) -> None:
    spare = None if available_mib is None else available_mib * 1024
    used = usage(free=52, dom0=dom0, spare_kib=spare)
    assert spare_mib(host, used) == expected
    found = one(ResourceClass.MEMORY_MB, used, host=host, reserved_memory_mib=0)
    assert found.used == found.reserved == 4095 - 52 - expected
    assert (f"can give {expected} MiB" in found.why) is bool(expected)


def test_memory_is_explained_with_numbers() -> None:
    used = usage(guest(512), guest(300, ours=False), free=1698)
    assert one(ResourceClass.MEMORY_MB, used).why == (
        "Domain-0 1536 MiB, servers 512 MiB, other guests 300 MiB, Xen and its share "
        "for guests 49 MiB, free 1698 MiB; reserved is what is used and no server's, "
        "if the option does not say more"
    )
    assert "other guests" not in one(ResourceClass.MEMORY_MB).why


@pytest.mark.parametrize(
    ("guests", "cpuset", "options", "expected"),
    [
        ((), None, {}, (4, 0, 0)),
        ((guest(vcpus=2), guest(vcpus=3, ours=False)), None, {}, (4, 0, 5)),
        ((), None, {"reserved_cpus": 1}, (4, 1, 0)),
        ((), None, {"reserved_cpus": 9}, (4, 4, 0)),
        ((), "1-3", {}, (3, 0, 0)),
        ((), "2-7,^3", {}, (1, 0, 0)),
    ],
)
def test_vcpus(
    guests: tuple[DomainUsage, ...],
    cpuset: str | None,
    options: dict[str, Any],
    expected: tuple[int, int, int],
) -> None:
    used = usage(*guests, free=100)
    found = one(ResourceClass.VCPU, used, cpuset=cpuset, **options)
    assert (found.total, found.reserved, found.used) == expected
    assert found.max_unit == found.total


def test_cpus_are_explained() -> None:
    used = usage(guest(), free=100)
    assert one(ResourceClass.VCPU, used, cpuset="1-2").why == (
        "the host has 4 CPUs, guests may run on 2 of them (cpu_shared_set = 1-2); the "
        "vCPUs of 1 active guest are used"
    )


@pytest.mark.parametrize(
    ("reserved", "expected"), [(0, 0), (1, 1), (1024, 1), (1025, 2), (999_999, 100)]
)
def test_disk(reserved: int, expected: int) -> None:
    found = one(ResourceClass.DISK_GB, reserved_disk_mib=reserved)
    assert (found.total, found.used, found.max_unit) == (100, 30, 100)
    assert found.reserved == expected


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "file system of /srv, 60 GiB are free"),
        ({"kind": "ext4"}, "ext4 file system of /srv, 60 GiB are free"),
        (
            {"kind": "nfs4", "shared": True},
            "nfs4 file system of /srv, 60 GiB are free; other hosts that have it count "
            "the same space",
        ),
    ],
)
def test_disk_is_explained(changes: dict[str, Any], why: str) -> None:
    space = dataclasses.replace(SPACE, **changes)
    assert one(ResourceClass.DISK_GB, space=space).why == why


def test_ratios() -> None:
    options = InventoryOptions(
        cpu_allocation_ratio=2.5, ram_allocation_ratio=1.5, disk_allocation_ratio=3.0
    )
    made = make_inventories(HOST, IDLE, SPACE, options)
    ratios = {each.resource_class.value: each.allocation_ratio for each in made}
    assert ratios == {"VCPU": 2.5, "MEMORY_MB": 1.5, "DISK_GB": 3.0}


def test_of_nothing_there_is_no_inventory() -> None:
    """Placement takes no total below 1."""
    space = dataclasses.replace(SPACE, total=GIB - 1)
    made = make_inventories(HOST, IDLE, space, InventoryOptions(), "9")
    assert [each.resource_class.value for each in made] == ["MEMORY_MB"]


@pytest.mark.parametrize(
    ("cpuset", "cpus"),
    [
        ("3", {3}),
        ("0-2", {0, 1, 2}),
        ("2-4,^3,9", {2, 4, 9}),
        ("^3,2-4", {2, 4}),
        ("4-2", set()),
    ],
)
def test_lists_of_cpus(cpuset: str, cpus: set[int]) -> None:
    assert cpus_of(cpuset) == cpus
