# SPDX-License-Identifier: Apache-2.0
"""VHD says its size twice, and QEMU believes now one of them and now the other."""

import os
import pathlib
import struct

import pytest

from nova_xen import exceptions
from nova_xen.images import inspect_image
from nova_xen.model import GIB, MIB, DiskFormat
from unit.images.hostile import qemu

VHD = DiskFormat.VHD
DYNAMIC = qemu("vpc", "-o", "force_size=on")
FIXED = qemu("vpc", "-o", "subformat=fixed,force_size=on")
#: offsets in the footer
_CREATOR, _SIZE, _GEOMETRY, _CHECKSUM = 28, 48, 56, 64


def _patch(path: pathlib.Path, at: int, what: bytes) -> None:
    """Write into the footer, and its copy, with checksums that are right."""
    data = bytearray(path.read_bytes())
    for start in {0, len(data) - 512}:
        if data[start : start + 8] != b"conectix":
            continue
        footer = data[start : start + 512]
        footer[at : at + len(what)] = what
        footer[_CHECKSUM : _CHECKSUM + 4] = bytes(4)
        footer[_CHECKSUM : _CHECKSUM + 4] = struct.pack(">I", ~sum(footer) & 0xFFFFFFFF)
        data[start : start + 512] = footer
    path.write_bytes(data)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "x.vhd"


def test_one_that_no_tool_can_have(path: pathlib.Path) -> None:
    """Microsoft's limit is 2040 GiB; no disk of this host is too small for it."""
    DYNAMIC(path)
    _patch(path, _SIZE, struct.pack(">Q", 2041 * GIB))
    with pytest.raises(
        exceptions.ImageRejected, match=r"cannot be read as vhd \(.*File too large\)"
    ):
        inspect_image(str(path), VHD)


def test_a_fixed_one_whose_cylinders_go_beyond_its_data(path: pathlib.Path) -> None:
    """Of 1 MiB it would make a disk of 30 GB, all zeros."""
    FIXED(path)
    assert inspect_image(str(path), VHD).virtual_size == MIB
    _patch(path, _CREATOR, b"vpc ")
    _patch(path, _GEOMETRY, struct.pack(">HBB", 62415, 15, 63))
    with pytest.raises(exceptions.ImageRejected, match="vhd and a part of it is miss"):
        inspect_image(str(path), VHD)


def test_one_with_fewer_cylinders_than_data_is_as_its_maker_meant(
    path: pathlib.Path,
) -> None:
    FIXED(path)
    _patch(path, _CREATOR, b"vpc ")
    _patch(path, _GEOMETRY, struct.pack(">HBB", 30, 4, 17))
    assert inspect_image(str(path), VHD).virtual_size == 30 * 4 * 17 * 512


@pytest.mark.parametrize("make", [DYNAMIC, FIXED])
def test_one_without_a_disk(path: pathlib.Path, make: object) -> None:
    assert callable(make)
    make(path)
    _patch(path, _SIZE, bytes(8))
    if make is FIXED:
        footer = path.read_bytes()[-512:]
        path.write_bytes(footer)
    with pytest.raises(exceptions.ImageRejected, match="; get a whole copy"):
        inspect_image(str(path), VHD)
    assert os.path.exists(path)
