# SPDX-License-Identifier: Apache-2.0
"""Which of a device model's counters are a disk's, and what they amount to."""

from typing import Any

import pytest

from nova_xen.hypervisor.disk_counters import drive_names, from_libvirt, from_qemu
from nova_xen.model import DiskCounters
from unit.hypervisor.fake_qemu import block_statistics as entry

READ: dict[str, Any] = {"rd_bytes": 4096, "rd_operations": 2}


def counters(**changes: int | None) -> DiskCounters:
    given: dict[str, Any] = {
        "read_bytes": 4096,
        "read_requests": 2,
        "write_bytes": 0,
        "write_requests": 0,
        "errors": 0,
        **changes,
    }
    return DiskCounters(**given)


@pytest.mark.parametrize(
    ("target", "entries", "expected"),
    [
        ("xvda", [entry("xvda-qcow2", **READ)], counters()),
        ("xvda", [entry("xvda-vpc", **READ)], counters()),
        # its file is a node of its own, and no place that a disk is used at
        ("xvda", [entry("xvda-raw", **READ), entry("#block123", **READ)], counters()),
        ("xvda", [entry("xvdb-raw", **READ), entry("xvdaa-raw", **READ)], None),
        ("xvdaa", [entry("xvdaa-raw", **READ)], counters()),
        ("xvda", [], None),
        # firmware reads the emulated drive, and Xen's driver goes on
        (
            "xvda",
            [
                entry("#block1", "ide0-hd0", rd_bytes=96, rd_operations=1),
                entry("xvda-raw", wr_bytes=512, wr_operations=1, **READ),
            ],
            counters(
                read_bytes=4192, read_requests=3, write_bytes=512, write_requests=1
            ),
        ),
        ("hda", [entry("#block1", "ide0-hd0", **READ)], counters()),
        ("hdd", [entry("#block1", "ide1-hd1", **READ)], counters()),
        ("hdc", [entry("#block1", "ide-5632", **READ)], counters()),
        ("sdb", [entry("#block1", "scsi0-hd1", **READ)], counters()),
        ("sdb", [entry("#block1", "ide0-hd1", **READ)], None),
        (
            "hda",
            [entry("hda-raw", failed_rd_operations=1, failed_wr_operations=2, **READ)],
            counters(errors=3),
        ),
    ],
)
def test_counters_of_a_disk(
    target: str, entries: list[Any], expected: DiskCounters | None
) -> None:
    assert from_qemu(entries, target) == expected


@pytest.mark.parametrize("value", [-1, "12", None, 1.5, True, [], {}])
def test_what_is_no_count_is_unknown(value: Any) -> None:
    found = from_qemu([entry("xvda-raw", **{**READ, "rd_bytes": value})], "xvda")
    assert found == counters(read_bytes=None)


def test_a_sum_with_something_unknown_is_unknown() -> None:
    broken = entry("#b", "ide0-hd0")
    del broken["stats"]["rd_bytes"]
    found = from_qemu([broken, entry("xvda-raw", **READ)], "xvda")
    assert found == counters(read_bytes=None)


@pytest.mark.parametrize(
    "answer",
    [
        *(None, 7, "text", {}, [], [None], [[]], [{}]),
        [{"stats": None, "node-name": "xvda-raw"}],
        [{"stats": {}, "node-name": ["xvda-raw"], "device": None}],
        [{"stats": {}, "device": []}],
        [{"stats": {}, "device": {"ide0-hd0": 1}}],
    ],
)
def test_answers_that_name_no_disk(answer: Any) -> None:
    assert from_qemu(answer, "xvda") is None


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("xvda", {"ide0-hd0", "ide-51712"}),
        ("xvdd", {"ide1-hd1", "ide-51760"}),
        ("hda", {"ide0-hd0", "ide-768"}),
        ("hdb", {"ide0-hd1", "ide-832"}),
        ("hdc", {"ide1-hd0", "ide-5632"}),
        ("hdd", {"ide1-hd1", "ide-5696"}),
        ("sda", {"scsi0-hd0"}),
        ("xvde", set()),
        ("xvdaa", set()),
        ("vda", set()),
        ("", set()),
    ],
)
def test_names_of_emulated_drives(target: str, names: set[str]) -> None:
    assert drive_names(target) == names


def test_counters_by_libvirt() -> None:
    """Its errs are blkback's delayed requests, which are no errors."""
    told = {**READ, "wr_bytes": 3, "wr_operations": 1, "flush_operations": 1, "errs": 5}
    assert from_libvirt(told) == counters(write_bytes=3, write_requests=1, errors=None)
    assert from_libvirt({}) == DiskCounters()
