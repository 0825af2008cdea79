# SPDX-License-Identifier: Apache-2.0
"""Sets of processors as libvirt writes them: 2-7,^4 becomes 2-3,5-7."""

from __future__ import annotations

import itertools


def _members(part: str) -> set[int]:
    first, _, last = part.partition("-")
    return set(range(int(first), int(last or first) + 1))


def normalized(text: str) -> str:
    """Return the set in ranges, ascending."""
    parts = [part.strip() for part in text.split(",")]
    chosen: set[int] = set()
    for part in parts:
        if part.startswith("^"):
            chosen -= _members(part[1:])
        else:
            chosen |= _members(part)
    return ",".join(_ranges(sorted(chosen)))


def _ranges(numbers: list[int]) -> list[str]:
    runs = itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ranges = []
    for _, run in runs:
        members = [number for _, number in run]
        ends = members[:1] if len(members) == 1 else [members[0], members[-1]]
        ranges.append("-".join(map(str, ends)))
    return ranges
