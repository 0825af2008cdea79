# SPDX-License-Identifier: Apache-2.0
"""Which file is a guest's memory: every case there is."""

import itertools

import pytest

from nova_xen.model import MIB, SavedFiles, SavedMemory
from nova_xen.planning.saving import room_for, where_memory_is

#: (image, kept) of a guest without a domain that did not end otherwise
OFF = {
    (False, False): SavedMemory.NONE,
    (False, True): SavedMemory.KEPT,
    (True, False): SavedMemory.IMAGE,
    (True, True): SavedMemory.IMAGE,
}
CASES = list(itertools.product([False, True], repeat=4))


@pytest.mark.parametrize(("active", "ended", "image", "kept"), CASES)
def test_where_memory_is(active: bool, ended: bool, image: bool, kept: bool) -> None:
    ran = active or ended
    expected = SavedMemory.NONE if ran else OFF[image, kept]
    files = SavedFiles(image=image, kept=kept)
    assert where_memory_is(files, active=active, ended=ended) is expected


@pytest.mark.parametrize(
    ("memory_mib", "room_mib"), [(0, 64), (256, 256 + 1 + 64), (4096, 4096 + 16 + 64)]
)
def test_room(memory_mib: int, room_mib: int) -> None:
    assert room_for(memory_mib * 1024) == room_mib * MIB
