# SPDX-License-Identifier: Apache-2.0
"""Counters of disks as QEMU and libvirt give them; no I/O.

QEMU's ``query-blockstats`` has an entry for each place a disk is used at. The back end
of Xen's own bus has the node name TARGET-DRIVER (xen_block_blockdev_add in QEMU). An
HVM guest's disk has an emulated drive besides, by libxl's or QEMU's name for it
(libxl_dm.c), whatever bus was asked for: firmware reads from that, and a guest with
Xen's drivers goes on with the other. What a disk has seen is the sum.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nova_xen.model import DiskCounters

_TARGET = re.compile(r"(xvd|hd|sd)([a-z]{1,2})", re.ASCII)
_QEMU = {
    "read_bytes": ("rd_bytes",),
    "read_requests": ("rd_operations",),
    "write_bytes": ("wr_bytes",),
    "write_requests": ("wr_operations",),
    "errors": ("failed_rd_operations", "failed_wr_operations"),
}
#: libvirt's count of errors is blkback's oo_req there, which are no errors
_LIBVIRT = {
    "read_bytes": "rd_bytes",
    "read_requests": "rd_operations",
    "write_bytes": "wr_bytes",
    "write_requests": "wr_operations",
}


def from_libvirt(told: Mapping[str, Any]) -> DiskCounters:
    """What ``blockStatsFlags`` returned for a disk of the driver phy."""
    return DiskCounters(
        **{ours: _count(told, (name,)) for ours, name in _LIBVIRT.items()}
    )


def from_qemu(answer: Any, target: str) -> DiskCounters | None:
    """What ``query-blockstats`` tells of the disk ``target``; None when nothing."""
    found = [entry["stats"] for entry in _entries(answer) if _is_of(entry, target)]
    if not found:
        return None
    return DiskCounters(**{ours: _sum(found, names) for ours, names in _QEMU.items()})


def _entries(answer: Any) -> Iterator[Mapping[str, Any]]:
    for entry in answer if isinstance(answer, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("stats"), dict):
            yield entry


def _is_of(entry: Mapping[str, Any], target: str) -> bool:
    node = entry.get("node-name")
    if isinstance(node, str) and node.rpartition("-")[0] == target:
        return True
    drive = entry.get("device")
    return isinstance(drive, str) and drive in drive_names(target)


def drive_names(target: str) -> frozenset[str]:
    """The emulated drives that a target may have; none where it has no number."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return frozenset()
    prefix, index = found[1], _index(found[2])
    if prefix == "sd":
        return frozenset({f"scsi0-hd{index}"})
    if index > 3:
        return frozenset()
    return frozenset(
        {f"ide{index // 2}-hd{index % 2}", f"ide-{_number(prefix, index)}"}
    )


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("a") + 1
    return index - 1


def _number(prefix: str, index: int) -> int:
    """Xen's number of a virtual device (docs/man/xen-vbd-interface.7)."""
    if prefix == "xvd":
        return 202 << 8 | index << 4
    return (3 if index < 2 else 22) << 8 | (index & 1) << 6


def _sum(found: list[Mapping[str, Any]], names: tuple[str, ...]) -> int | None:
    counts = [_count(stats, names) for stats in found]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _count(stats: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    """The sum of some counters; None when one is not told, or is no count."""
    total = 0
    for name in names:
        value = stats.get(name)
        # True is an int to Python
        if type(value) is not int or value < 0:
            return None
        total += value
    return total
