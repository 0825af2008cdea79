# SPDX-License-Identifier: Apache-2.0
"""Volumes: what they are under all their names, and which are refused."""

import errno
import os
import pathlib
import stat
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import identity_of, inspect_volume, locate_volume
from nova_xen.images.inspection import volume as volume_module
from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat, Volume

MIB = 1024**2
LUKS = b"LUKS\xba\xbe\x00\x02"
LOOP = os.stat_result((stat.S_IFBLK, 1, 2, 1, 0, 0, 0, 0, 0, 0))
BLOCK = Volume(
    path="/dev/vg/v", real_path="/dev/dm-1", identity="block 8:1", block=True
)


@pytest.fixture
def raw(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "volume"
    path.write_bytes(bytes(MIB))
    return path


def test_a_file_is_one_under_all_its_names(
    raw: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, hard = tmp_path / "link", tmp_path / "hard"
    link.symlink_to(raw)
    os.link(raw, hard)
    found = {locate_volume(str(path), "web").identity for path in (raw, link, hard)}
    assert found == {identity_of(str(raw))}
    assert locate_volume(str(link), "web").path == str(link)
    assert locate_volume(str(link), "web").real_path == str(raw)
    monkeypatch.chdir(tmp_path)
    assert locate_volume("volume", "web").path == str(raw)


def test_another_file_is_another(raw: pathlib.Path, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(raw.read_bytes())
    assert identity_of(str(other)) not in (None, identity_of(str(raw)))
    assert identity_of(str(tmp_path / "nothing")) is None
    assert identity_of(str(tmp_path)) is None
    assert identity_of("a\x00b") is None


def test_a_block_device_is_known_by_its_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "stat", lambda path: _Device(LOOP, 8, 1))
    found = locate_volume("/dev/vg/v", "web")
    assert found.block
    assert found.identity == "block 8:1"


@pytest.mark.parametrize("there", [True, False])
def test_a_loop_device_is_the_file_behind_it(
    raw: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
) -> None:
    told = tmp_path / "sys" / "7:0" / "loop" / "backing_file"
    told.parent.mkdir(parents=True)
    told.write_text(f"{raw}{'' if there else ' (deleted)'}\n")
    monkeypatch.setattr(volume_module, "SYS_DEV_BLOCK", str(tmp_path / "sys"))
    real = os.stat
    expected = identity_of(str(raw)) if there else "block 7:0"

    def stat_(path: Any) -> Any:
        return _Device(LOOP, 7, 0) if path == "/dev/loop0" else real(path)

    monkeypatch.setattr(os, "stat", stat_)
    assert identity_of("/dev/loop0") == expected
    assert locate_volume("/dev/loop0", "web").block


class _Device:
    """What stat tells of a block device, with its numbers."""

    def __init__(self, status: os.stat_result, major: int, minor: int) -> None:
        self.st_mode = status.st_mode
        self.st_rdev = os.makedev(major, minor)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "that is no path"),
        ("nothing", "No such file or directory"),
        ("folder", "neither a regular file nor a block device"),
        ("fifo", "neither a regular file nor a block device"),
        ("a\x00b", "embedded null"),
    ],
)
def test_what_is_no_volume(tmp_path: pathlib.Path, name: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(exceptions.VolumeRefused, match=words):
        locate_volume(name and str(tmp_path / name), "web")


@pytest.mark.parametrize("made", list(DiskFormat))
@pytest.mark.parametrize("declared", [None, *DiskFormat])
def test_formats(
    tmp_path: pathlib.Path, made: DiskFormat, declared: DiskFormat | None
) -> None:
    """Raw is taken at its word: nothing of it is read here."""
    path = str(tmp_path / "volume")
    qemu_img.create(path, made, 4 * MIB, server="test")
    volume = locate_volume(path, "web")
    if declared in (None, made, DiskFormat.RAW):
        assert inspect_volume(volume, declared, "web") == (declared or made)
        return
    with pytest.raises(exceptions.VolumeRefused, match=f"it was declared {declared}"):
        inspect_volume(volume, declared, "web")


def test_what_a_guest_wrote_into_a_raw_volume(raw: pathlib.Path) -> None:
    with raw.open("r+b") as stream:
        stream.write(LUKS)
    volume = locate_volume(str(raw), "web")
    with pytest.raises(exceptions.VolumeRefused) as refused:
        inspect_volume(volume, None, "web")
    assert str(refused.value) == (
        f"Server web cannot have the volume {raw}: its content is luks; convert it to "
        "raw, qcow2 or vhd first, or say --volume-format raw, if the guest is to see "
        "these bytes as they are."
    )
    assert inspect_volume(volume, DiskFormat.RAW, "web") is DiskFormat.RAW


@pytest.mark.parametrize("declared", [None, DiskFormat.RAW])
def test_a_volume_that_is_written_to_is_refused(
    raw: pathlib.Path, declared: DiskFormat | None
) -> None:
    volume = locate_volume(str(raw), "web")
    with (
        raw.open("r+b"),
        pytest.raises(exceptions.VolumeRefused, match="open for writing"),
    ):
        inspect_volume(volume, declared, "web")
    assert inspect_volume(volume, declared, "web") is DiskFormat.RAW


def test_an_empty_file_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "volume"
    path.touch()
    with pytest.raises(exceptions.VolumeRefused, match="it is empty"):
        inspect_volume(locate_volume(str(path), "web"), None, "web")


@pytest.mark.parametrize("declared", [DiskFormat.QCOW2, DiskFormat.VHD])
def test_a_block_device_is_raw(declared: DiskFormat) -> None:
    with pytest.raises(exceptions.VolumeRefused, match=f"raw and not as {declared}"):
        inspect_volume(BLOCK, declared, "web")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EBUSY, "this host uses it itself, mounted or as part of another"),
        (errno.EACCES, r"it cannot be opened \(Permission denied\)"),
    ],
)
def test_a_device_that_this_host_uses(
    monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(path: str, flags: int) -> int:
        assert flags & os.O_EXCL
        assert not flags & (os.O_CREAT | os.O_RDWR | os.O_WRONLY)
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(exceptions.VolumeRefused, match=words):
        inspect_volume(BLOCK, None, "web")


@pytest.mark.parametrize("declared", [None, DiskFormat.RAW])
def test_a_free_device(
    monkeypatch: pytest.MonkeyPatch, raw: pathlib.Path, declared: DiskFormat | None
) -> None:
    real: Any = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: real(raw, os.O_RDONLY))
    assert inspect_volume(BLOCK, declared, "web") is DiskFormat.RAW
