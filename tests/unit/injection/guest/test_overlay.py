# SPDX-License-Identifier: Apache-2.0
"""What a qcow2 disk leads to."""

from __future__ import annotations

import contextlib
import pathlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_xen.images.tools import qemu_img
from nova_xen.injection.guest.overlay import check_qcow2
from nova_xen.injection.guest.problems import Refused
from nova_xen.model import DiskFormat

MIB = 1024**2


def overlay(path: pathlib.Path, base: pathlib.Path, fmt: DiskFormat) -> None:
    qemu_img.create(
        str(path),
        DiskFormat.QCOW2,
        MIB,
        server="test",
        backing=str(base),
        backing_fmt=fmt,
    )


@pytest.fixture
def bases(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "_base"
    folder.mkdir()
    (folder / "one").write_bytes(b"\0" * MIB)
    return folder


def test_ours_and_one_without_a_base_pass(
    tmp_path: pathlib.Path, bases: pathlib.Path
) -> None:
    overlay(tmp_path / "disk", bases / "one", DiskFormat.RAW)
    check_qcow2(str(tmp_path / "disk"), str(bases))
    qemu_img.create(str(tmp_path / "alone"), DiskFormat.QCOW2, MIB, server="test")
    check_qcow2(str(tmp_path / "alone"), str(bases))


def test_a_base_of_qcow2_must_be_whole(
    tmp_path: pathlib.Path, bases: pathlib.Path
) -> None:
    qemu_img.create(str(bases / "whole"), DiskFormat.QCOW2, MIB, server="test")
    overlay(tmp_path / "disk", bases / "whole", DiskFormat.QCOW2)
    check_qcow2(str(tmp_path / "disk"), str(bases))
    overlay(bases / "part", bases / "one", DiskFormat.RAW)
    overlay(tmp_path / "other", bases / "part", DiskFormat.QCOW2)
    with pytest.raises(Refused, match="no cached base"):
        check_qcow2(str(tmp_path / "other"), str(bases))


def test_another_folder_is_refused(tmp_path: pathlib.Path, bases: pathlib.Path) -> None:
    overlay(tmp_path / "disk", bases / "one", DiskFormat.RAW)
    with pytest.raises(Refused, match="no cached base"):
        check_qcow2(str(tmp_path / "disk"), str(tmp_path / "others"))


def test_a_disk_of_another_format_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "disk"
    for content in (b"", b"QFI", b"QFI\xfb\0\0\0\x01", b"\0" * 1024):
        path.write_bytes(content)
        with pytest.raises(Refused, match="not qcow2"):
            check_qcow2(str(path), "/")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.integers(0, 4095), st.integers(0, 255))
def test_a_changed_header_is_refused_or_leads_nowhere_else(
    tmp_path: pathlib.Path, at: int, value: int
) -> None:
    folder = tmp_path / "_base"
    folder.mkdir(exist_ok=True)
    disk = tmp_path / "disk"
    if not disk.exists():
        (folder / "one").write_bytes(b"\0" * MIB)
        overlay(disk, folder / "one", DiskFormat.RAW)
    data = bytearray(disk.read_bytes())
    data[at] = value
    other = tmp_path / "other"
    other.write_bytes(data)
    with contextlib.suppress(Refused):
        check_qcow2(str(other), str(folder))
