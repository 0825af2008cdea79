# SPDX-License-Identifier: Apache-2.0
"""Archives, partition tables, kernels, and libvirt's CPU map."""

import gzip
import lzma
import struct

import pytest
from lab import cpio, cpu_map, kernel, mbr
from lab.errors import LabError
from lab.mbr import EFI_SYSTEM, LINUX, Partition


def _members(data: bytes) -> dict[str, tuple[int, bytes]]:
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + length - 1].decode()
        start = at + 110 + length + -(at + 110 + length) % 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, data[start : start + size])
        at = start + size + -size % 4


def test_cpio_holds_what_was_put_in() -> None:
    entries = [
        cpio.directory("bin"),
        cpio.file("bin/tool", b"12345", executable=True),
        cpio.file("note", b""),
        cpio.link("sh", "bin/tool"),
    ]
    assert _members(cpio.archive(entries)) == {
        "bin": (0o040755, b""),
        "bin/tool": (0o100755, b"12345"),
        "note": (0o100644, b""),
        "sh": (0o120777, b"bin/tool"),
    }


def test_cpio_is_the_same_every_time() -> None:
    entries = [cpio.file("a", b"b")]
    packed = cpio.compressed(entries)
    assert packed == cpio.compressed(entries)
    assert gzip.decompress(packed) == cpio.archive(entries)


def test_partition_table_is_what_firmware_reads() -> None:
    table = mbr.table(
        [Partition(2048, 1000, LINUX, bootable=True), Partition(3048, 8, EFI_SYSTEM)]
    )
    assert len(table) == 512 - mbr.OFFSET
    assert table[-2:] == b"\x55\xaa"
    assert (table[0], table[4], *struct.unpack("<II", table[8:16])) == (
        0x80,
        LINUX,
        2048,
        1000,
    )
    assert (table[16], table[20], *struct.unpack("<II", table[24:32])) == (
        0,
        EFI_SYSTEM,
        3048,
        8,
    )


def test_an_mbr_has_four_partitions_at_most() -> None:
    with pytest.raises(ValueError, match="four"):
        mbr.table([Partition(1, 1, LINUX)] * 5)


ELF = b"\x7fELF" + bytes(1000)


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_kernel_is_found_behind_a_false_magic(pack: object) -> None:
    assert callable(pack)
    image = b"MZ" + b"\x1f\x8b\x08" + b"noise" + b"\xfd7zXZ\0" + pack(ELF) + b"tail"
    assert kernel.unpack(image) == ELF


def test_no_kernel_is_an_error() -> None:
    with pytest.raises(LabError, match="no ELF kernel"):
        kernel.unpack(b"MZ not a kernel")


def test_cpu_map_loses_the_hidden_features_alone() -> None:
    text = "<m>\n  <feature name='sep'/>\n  <feature name='sse'/>\n</m>"
    assert cpu_map.without_features(text) == "<m>\n  <feature name='sse'/>\n</m>"
    double = '<feature name="vme"/>'
    assert cpu_map.without_features(double) == ""
    assert cpu_map.without_features("<feature name='sepia'/>") != ""
