# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import re
import struct
import subprocess
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images import InspectedImage, inspect_image
from nova_xen.model import MIB, DiskFormat

RAW, QCOW2, VHD = DiskFormat.RAW, DiskFormat.QCOW2, DiskFormat.VHD
Make = Callable[[pathlib.Path], None]


def _qemu(path: pathlib.Path, fmt: str, *options: str, size: int = MIB) -> None:
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", fmt, *options, str(path), str(size)],
        check=True,
    )


def _bytes(at: int, what: bytes, size: int = MIB) -> Make:
    def make(path: pathlib.Path) -> None:
        data = bytearray(size)
        data[at : at + len(what)] = what
        path.write_bytes(data)

    return make


def _mbr(path: pathlib.Path) -> None:
    entry = bytes((0x80, 0, 2, 0, 0x83, 1, 1, 0)) + struct.pack("<II", 1, 2000)
    _bytes(446, entry + bytes(48) + b"\x55\xaa")(path)


def _ext4(path: pathlib.Path) -> None:
    path.touch()
    os.truncate(path, MIB)
    subprocess.run(
        ["mkfs.ext4", "-q", "-F", str(path)],
        check=True,
        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
    )


def iso_image(path: pathlib.Path) -> None:
    _bytes(32768, b"\x01CD001\x01")(path)


def _hybrid_iso(path: pathlib.Path) -> None:
    _mbr(path)
    data = bytearray(path.read_bytes())
    data[32768:32775] = b"\x01CD001\x01"
    path.write_bytes(data)


def fixed_vhd(path: pathlib.Path) -> None:
    _qemu(path, "vpc", "-o", "subformat=fixed,force_size=on")


def _dynamic_vhd(path: pathlib.Path) -> None:
    _qemu(path, "vpc", "-o", "force_size=on")


def qcow2(*options: str) -> Make:
    return lambda path: _qemu(path, "qcow2", *options)


def _cut(make: Make, size: int) -> Make:
    def cut(path: pathlib.Path) -> None:
        make(path)
        os.truncate(path, path.stat().st_size + size if size < 0 else size)

    return cut


def _patch(make: Make, at: int, what: bytes) -> Make:
    def patch(path: pathlib.Path) -> None:
        make(path)
        with path.open("r+b") as stream:
            stream.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
            stream.write(what)

    return patch


def _differencing(path: pathlib.Path) -> None:
    """A type 4 with a checksum that is right."""
    _dynamic_vhd(path)
    data = bytearray(path.read_bytes())
    for start in (0, len(data) - 512):
        footer = data[start : start + 512]
        footer[60:64] = struct.pack(">I", 4)
        footer[64:68] = bytes(4)
        footer[64:68] = struct.pack(">I", ~sum(footer) & 0xFFFFFFFF)
        data[start : start + 512] = footer
    path.write_bytes(data)


def _overlay(path: pathlib.Path) -> None:
    base = path.with_name("base")
    base.write_bytes(bytes(MIB))
    _qemu(path, "qcow2", "-b", str(base), "-F", "raw")


def _data_file(path: pathlib.Path) -> None:
    _qemu(path, "qcow2", "-o", f"data_file={path}.data")


def _encrypted(path: pathlib.Path) -> None:
    _patch(qcow2(), 32, struct.pack(">I", 2))(path)


def _features(bits: int, version: int = 3) -> Make:
    def make(path: pathlib.Path) -> None:
        _patch(qcow2(), 72, struct.pack(">Q", bits))(path)
        _patch(lambda p: None, 4, struct.pack(">I", version))(path)

    return make


def _empty(path: pathlib.Path) -> None:
    path.touch()


ACCEPTED: list[tuple[Make, DiskFormat | None, bool, InspectedImage]] = [
    (_mbr, None, False, InspectedImage(format=RAW, virtual_size=MIB)),
    (_mbr, RAW, False, InspectedImage(format=RAW, virtual_size=MIB)),
    (_ext4, None, False, InspectedImage(format=RAW, virtual_size=MIB)),
    (_ext4, RAW, False, InspectedImage(format=RAW, virtual_size=MIB)),
    (_bytes(0, b"", 1000), RAW, False, InspectedImage(format=RAW, virtual_size=1024)),
    (_bytes(0, b"", 1), None, False, InspectedImage(format=RAW, virtual_size=512)),
    (qcow2(), None, False, InspectedImage(format=QCOW2, virtual_size=MIB)),
    (qcow2(), QCOW2, False, InspectedImage(format=QCOW2, virtual_size=MIB)),
    (
        qcow2("-o", "compat=0.10"),
        QCOW2,
        False,
        InspectedImage(format=QCOW2, virtual_size=MIB),
    ),
    (
        qcow2("-o", "extended_l2=on,compression_type=zstd,lazy_refcounts=on"),
        QCOW2,
        False,
        InspectedImage(format=QCOW2, virtual_size=MIB),
    ),
    (_dynamic_vhd, None, False, InspectedImage(format=VHD, virtual_size=MIB)),
    (_dynamic_vhd, VHD, False, InspectedImage(format=VHD, virtual_size=MIB)),
    (fixed_vhd, None, False, InspectedImage(format=VHD, virtual_size=MIB)),
    (fixed_vhd, VHD, False, InspectedImage(format=VHD, virtual_size=MIB)),
    (iso_image, None, False, InspectedImage(format=RAW, virtual_size=MIB, iso=True)),
    (iso_image, None, True, InspectedImage(format=RAW, virtual_size=MIB, iso=True)),
    (iso_image, RAW, True, InspectedImage(format=RAW, virtual_size=MIB, iso=True)),
    (_hybrid_iso, None, False, InspectedImage(format=RAW, virtual_size=MIB, iso=True)),
    (_hybrid_iso, RAW, True, InspectedImage(format=RAW, virtual_size=MIB, iso=True)),
    (_hybrid_iso, RAW, False, InspectedImage(format=RAW, virtual_size=MIB)),
]


@pytest.mark.parametrize(("make", "declared", "iso", "expected"), ACCEPTED)
def test_accepted(
    tmp_path: pathlib.Path,
    make: Make,
    declared: DiskFormat | None,
    iso: bool,
    expected: InspectedImage,
) -> None:
    path = tmp_path / "x.img"
    make(path)
    assert inspect_image(str(path), declared, iso=iso) == expected


REFUSED: list[tuple[Make, DiskFormat | None, bool, str]] = [
    (
        qcow2(),
        RAW,
        False,
        "it was declared raw and its content is qcow2; declare it as qcow2 if you "
        "trust it",
    ),
    (qcow2(), VHD, False, "declared vhd and its content is qcow2"),
    (qcow2(), None, True, "declared iso and its content is qcow2"),
    (qcow2(), QCOW2, True, "declared iso and qcow2 at once"),
    (_dynamic_vhd, RAW, False, "declared raw and its content is vhd"),
    (fixed_vhd, RAW, False, "declared raw and its content is fixed vhd"),
    (fixed_vhd, RAW, False, "declare it as vhd if you trust it"),
    (_dynamic_vhd, QCOW2, False, "declared qcow2 and its content is vhd"),
    (_mbr, QCOW2, False, "declared qcow2 and its content is raw"),
    (_mbr, VHD, False, "declared vhd and its content is raw"),
    (_mbr, RAW, True, "declared iso and its content is raw"),
    (iso_image, QCOW2, False, "declared qcow2 and its content is iso"),
    (
        _patch(iso_image, 0, b"QFI\xfb\0\0\0\3"),
        None,
        False,
        "several things at once .iso, qcow2.",
    ),
    (_patch(iso_image, 0, b"KDMV"), None, True, "its content is iso, vmdk"),
    (lambda p: _qemu(p, "vmdk"), RAW, False, "content is vmdk; convert it to raw"),
    (lambda p: _qemu(p, "vmdk"), None, False, "its content is vmdk; convert it to raw"),
    (lambda p: _qemu(p, "vdi"), RAW, False, "its content is vdi"),
    (lambda p: _qemu(p, "vhdx"), VHD, False, "declared vhd and its content is vhdx"),
    (lambda p: _qemu(p, "vhdx"), None, False, "its content is vhdx"),
    (lambda p: _qemu(p, "qed"), None, False, "its content is qed"),
    (lambda p: _qemu(p, "parallels"), None, False, "content is parallels"),
    (lambda p: _qemu(p, "qcow"), QCOW2, False, "it is qcow version 1"),
    (
        _bytes(0, b"# Disk DescriptorFile\nversion=1\n"),
        RAW,
        False,
        "content is vmdk .descriptor.",
    ),
    (_bytes(0, b"LUKS\xba\xbe\0\1"), RAW, False, "its content is luks"),
    (_bytes(0, b"\x1f\x8b\x08"), RAW, False, "gzip-compressed; unpack it first"),
    (_bytes(0, b"\xfd7zXZ\0"), QCOW2, False, "xz-compressed; unpack it first"),
    (_bytes(0, b"PK\3\4"), None, False, "zip archive; unpack it first"),
    (_bytes(MIB - 512, b"conectix"), RAW, False, "its content is fixed vhd"),
    (_bytes(MIB - 512, b"koly"), None, False, "its content is dmg"),
    (_overlay, QCOW2, False, "it is a qcow2 overlay of another file"),
    (_overlay, None, False, "it is a qcow2 overlay of another file"),
    (_data_file, QCOW2, False, "keeps its data in another file"),
    (_encrypted, QCOW2, False, "it is encrypted qcow2"),
    (_features(1 << 5), QCOW2, False, "unknown features .0x20."),
    (_features(1 << 63), None, False, "unknown features"),
    (_features(2), QCOW2, False, "marked as corrupt"),
    (_features(0, version=4), QCOW2, False, "it is qcow version 4"),
    (_cut(qcow2(), 4), QCOW2, False, "it is qcow2 and its header is cut off"),
    (_cut(qcow2(), 20), None, False, "it is qcow2 and its header is cut off"),
    (_cut(qcow2(), 20), RAW, False, "declared raw and its content is qcow2"),
    (_cut(qcow2(), 72), QCOW2, False, "it is qcow2 and its header is cut off"),
    (_cut(qcow2(), 104), QCOW2, False, "it is qcow2 and a part of it is missing"),
    (_cut(_dynamic_vhd, 100), VHD, False, "it is vhd and its header is cut off"),
    (_cut(_dynamic_vhd, -512), VHD, False, "it is vhd and a part of it is missing"),
    (_patch(fixed_vhd, -512 + 48, bytes(8)), VHD, False, "its footer is damaged"),
    (_patch(_dynamic_vhd, 60, b"\0\0\0\7"), VHD, False, "its footer is damaged"),
    (_differencing, VHD, False, "it is a differencing vhd of another file"),
    (_differencing, None, False, "it is a differencing vhd of another file"),
    (lambda p: _qemu(p, "qcow2", size=0), QCOW2, False, "its disk is empty"),
    (lambda p: _qemu(p, "qcow2", size=0), None, False, "its disk is empty"),
    (_empty, None, False, "it is empty"),
    (_empty, RAW, False, "it is empty"),
    (lambda p: None, None, False, "there is no such file"),
    (lambda p: p.mkdir(), RAW, False, "it is no regular file"),
    (lambda p: os.mkfifo(p), RAW, False, "it is no regular file"),
    (lambda p: p.symlink_to("/dev/null"), RAW, False, "it is no regular file"),
    (lambda p: p.symlink_to(p), RAW, False, "it cannot be opened"),
]


@pytest.mark.parametrize(("make", "declared", "iso", "words"), REFUSED)
def test_refused(
    tmp_path: pathlib.Path,
    make: Make,
    declared: DiskFormat | None,
    iso: bool,
    words: str,
) -> None:
    path = tmp_path / "x.img"
    make(path)
    with pytest.raises(exceptions.ImageRejected, match=words) as caught:
        inspect_image(str(path), declared, iso=iso)
    said = str(caught.value)
    assert said.startswith(f"Image {path} is refused: ")
    assert re.search(
        r"; (get|convert|check|run|name|flatten|merge|pass|declare)", said
    ) or (re.search(r"; (unpack|repair|decrypt) ", said)), "it does not say what to do"


def test_a_fixed_vhd_that_lost_its_middle(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.img"
    fixed_vhd(path)
    data = path.read_bytes()
    path.write_bytes(data[: MIB // 2] + data[-512:])
    with pytest.raises(exceptions.ImageRejected, match="a part of it is missing"):
        inspect_image(str(path), VHD)


def test_no_permission(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.img"
    _mbr(path)

    def deny(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nova_xen.images.files.regular.os.open", deny)
    with pytest.raises(exceptions.ImageRejected, match="not permitted to read it"):
        inspect_image(str(path), RAW)


def test_a_backing_file_of_a_stranger_is_not_opened(
    tmp_path: pathlib.Path, fake_qemu_img: Callable[[str], None]
) -> None:
    """The header is judged before any program gets the file."""
    path, log = tmp_path / "x.img", tmp_path / "log"
    _overlay(path)
    fake_qemu_img(f"touch {log}; exit 1")
    with pytest.raises(exceptions.ImageRejected):
        inspect_image(str(path), QCOW2)
    assert not log.exists()
