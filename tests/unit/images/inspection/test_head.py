# SPDX-License-Identifier: Apache-2.0
"""The beginning of an image tells what the whole tells, or less, never more."""

import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.images import Head, InspectedImage, inspect_head
from nova_xen.images.inspection.head import HEAD
from nova_xen.model import MIB, DiskFormat
from unit.images.inspection.test_inspect import (
    ACCEPTED,
    REFUSED,
    Make,
    fixed_vhd,
    iso_image,
    qcow2,
)

#: what only the end of a file tells
AT_THE_END = (
    "fixed vhd",
    "declare it as vhd",
    "dmg",
    "vhd and a part of it is missing",
    "declared vhd and its content is raw",
)


def _head(path: pathlib.Path, *, told: bool = True) -> Head:
    data = path.read_bytes()
    return Head(data[:HEAD], len(data) if told else None)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(("make", "declared", "iso", "expected"), ACCEPTED)
def test_what_is_accepted_is_foreseen(
    tmp_path: pathlib.Path,
    make: Make,
    declared: DiskFormat | None,
    iso: bool,
    expected: InspectedImage,
    told: bool,
) -> None:
    path = tmp_path / "x.img"
    make(path)
    found = inspect_head("x", _head(path, told=told), declared, iso=iso)
    unmarked = make is fixed_vhd and declared is None
    assert found.format == (DiskFormat.RAW if unmarked else expected.format)
    assert found.iso == expected.iso
    if found.virtual_size is not None:
        assert expected.virtual_size - 512 <= found.virtual_size
        assert found.virtual_size <= expected.virtual_size
    else:
        assert not told


@pytest.mark.parametrize(("make", "declared", "iso", "words"), REFUSED)
def test_what_is_refused_at_its_beginning_is_refused_as_a_whole(
    tmp_path: pathlib.Path,
    make: Make,
    declared: DiskFormat | None,
    iso: bool,
    words: str,
) -> None:
    path = tmp_path / "x.img"
    make(path)
    if not path.is_file():
        pytest.skip("no file has no beginning")
    fixed = b"conectix" not in _head(path).start[:512]
    if any(late in words for late in AT_THE_END) or (fixed and "footer" in words):
        assert inspect_head("x", _head(path), declared, iso=iso).iso is False
        return
    with pytest.raises(exceptions.ImageRejected, match=r"^Image x is refused: "):
        inspect_head("x", _head(path), declared, iso=iso)


@pytest.mark.parametrize(
    ("make", "size"), [(qcow2(), MIB), (fixed_vhd, MIB), (iso_image, MIB)]
)
def test_a_size_that_is_known_early(
    tmp_path: pathlib.Path, make: Make, size: int
) -> None:
    path = tmp_path / "x.img"
    make(path)
    declared = DiskFormat.VHD if make is fixed_vhd else None
    assert inspect_head("x", _head(path), declared).virtual_size == size


def test_nothing_came() -> None:
    with pytest.raises(exceptions.ImageRejected, match="it is empty"):
        inspect_head("x", Head(b"", None))
