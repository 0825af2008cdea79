# SPDX-License-Identifier: Apache-2.0
"""What the image needs against what the flavor gives; memory against Xen's."""

from typing import Any

import pytest

from golden.builders import BY_MODE, HVM, PV, flavor, host, image, iso, options, plan
from nova_xen import exceptions
from nova_xen.model import GIB, DiskFormat, GuestMode
from nova_xen.planning.memory import fits, needed_mib

PV_, HVM_, PVH_ = GuestMode.PV, GuestMode.HVM, GuestMode.PVH


@pytest.mark.parametrize(
    ("virtual_size", "min_disk", "root_gib", "size"),
    [
        (2 * GIB, 0, 0, 2 * GIB),
        (2 * GIB, 0, 2, 2 * GIB),
        (2 * GIB, 0, 3, 3 * GIB),
        (2 * GIB, 3, 0, 3 * GIB),
        (2 * GIB, 1, 0, 2 * GIB),
        (2 * GIB, 3, 3, 3 * GIB),
        (2 * GIB + 512, 0, 0, 2 * GIB + 512),
        (2 * GIB + 512, 0, 3, 3 * GIB),
    ],
)
def test_root_size(virtual_size: int, min_disk: int, root_gib: int, size: int) -> None:
    planned = plan(
        image=image(virtual_size=virtual_size, min_disk=min_disk),
        flavor=flavor(root_gib=root_gib),
    )
    assert planned.disks[0].size == size


@pytest.mark.parametrize(
    ("made_from", "given", "sentence"),
    [
        (
            image(virtual_size=2 * GIB),
            flavor(root_gib=1),
            "the image needs 2 GiB of disk and the flavor gives 1 GiB; choose a larger "
            "one (--disk 2).",
        ),
        (
            image(virtual_size=2 * GIB + 512),
            flavor(root_gib=2),
            "the image needs 2.01 GiB of disk and the flavor gives 2 GiB; choose a "
            "larger one (--disk 3).",
        ),
        (
            image(min_disk=8),
            flavor(root_gib=4),
            "the image needs 8 GiB of disk and the flavor gives 4 GiB; choose a larger "
            "one (--disk 8).",
        ),
        (
            iso(HVM, min_disk=8),
            flavor(root_gib=4),
            "the image needs 8 GiB of disk and the flavor gives 4 GiB; choose a larger "
            "one (--disk 8).",
        ),
        (
            image(min_ram=2048),
            flavor(memory_mib=1024),
            "the image needs 2048 MiB of memory and the flavor gives 1024 MiB; choose "
            "a larger one (--ram 2048).",
        ),
    ],
)
def test_a_flavor_too_small(made_from: Any, given: Any, sentence: str) -> None:
    with pytest.raises(exceptions.FlavorTooSmall) as refused:
        plan(image=made_from, flavor=given)
    assert str(refused.value) == f"Server web1: {sentence}"


@pytest.mark.parametrize(("root_gib", "granted"), [(2040, True), (2041, False)])
def test_vhd_ends_at_2040_gib(root_gib: int, *, granted: bool) -> None:
    made_from = image(disk_format=DiskFormat.VHD)
    if granted:
        planned = plan(image=made_from, flavor=flavor(root_gib=root_gib))
        assert planned.disks[0].size == root_gib * GIB
        return
    with pytest.raises(exceptions.InvalidRequest, match="set images_type=qcow2"):
        plan(image=made_from, flavor=flavor(root_gib=root_gib))
    converted = options(images_type="qcow2")
    assert plan(image=made_from, flavor=flavor(root_gib=root_gib), by=converted).disks


@pytest.mark.parametrize(
    ("changes", "option", "least"),
    [
        ({"vcpus": 0}, "--vcpus 0", 1),
        ({"vcpus": -1}, "--vcpus -1", 1),
        ({"memory_mib": 15}, "--ram 15", 16),
        ({"root_gib": -1}, "--disk -1", 0),
        ({"ephemeral_gib": -1}, "--ephemeral -1", 0),
        ({"swap_mib": -1}, "--swap -1", 0),
    ],
)
def test_sizes_that_are_none(changes: dict[str, Any], option: str, least: int) -> None:
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan(flavor=flavor(**changes))
    assert str(refused.value) == (
        f"Server web1 cannot be made as asked: {option} is too small, the least is "
        f"{least}."
    )


#: memory + (256 pages a vCPU + 2 pages a MiB) + 1 or 2 MiB, up to an even number
#: (libxl_get_required_shadow_memory and libxl_domain_need_memory of Xen 4.17)
NEEDS = [
    (PV_, 256, 1, 260),
    (HVM_, 256, 1, 262),
    (PVH_, 256, 1, 262),
    (PV_, 1024, 2, 1036),
    (HVM_, 1024, 2, 1036),
    (PVH_, 1024, 4, 1038),
    (HVM_, 65536, 32, 66082),
]


@pytest.mark.parametrize(("mode", "memory", "vcpus", "need"), NEEDS)
def test_memory_that_xen_needs(
    mode: GuestMode, memory: int, vcpus: int, need: int
) -> None:
    assert needed_mib(mode, memory, vcpus) == need


@pytest.mark.parametrize(
    ("free", "total", "autoballoon", "need", "granted"),
    [
        (100, 4096, False, 100, True),
        (100, 4096, False, 102, False),
        (100, 4096, True, 102, True),
        (100, 4096, True, 3968, True),
        (100, 4096, True, 3970, False),
    ],
)
def test_memory_that_can_be_had(
    free: int, total: int, need: int, *, autoballoon: bool, granted: bool
) -> None:
    facts = host(free_memory_mib=free, memory_mib=total, autoballoon=autoballoon)
    assert fits(facts, need) is granted


def test_too_little_memory_is_refused_with_both_numbers() -> None:
    with pytest.raises(exceptions.NotEnoughMemory) as refused:
        plan(HVM, flavor=flavor(memory_mib=1024), on=host(free_memory_mib=1035))
    assert str(refused.value) == (
        "Server web1 needs 1036 MiB of memory and Xen has 1035 MiB free; choose a "
        "smaller flavor or stop another guest."
    )


@pytest.mark.parametrize("mode", GuestMode)
def test_memory_in_the_document_is_the_flavors(mode: GuestMode) -> None:
    domain = plan(BY_MODE[mode], flavor=flavor(memory_mib=777)).domain
    assert (domain.memory, domain.current_memory) == (777 * 1024, 777 * 1024)


def test_the_reason_tells_what_xen_takes_beside() -> None:
    reasons = plan(PV, flavor=flavor(memory_mib=1024)).reasons
    (found,) = [each for each in reasons if each.element == "memory"]
    assert found.why == "the flavor's memory; with Xen's own share 1036 MiB"
