# SPDX-License-Identifier: Apache-2.0
"""What the bytes of a file are, whatever its name or its owner says.

oslo.utils knows most formats; added here is what it does not see: a header cut off,
the footer of a fixed VHD, and formats that QEMU or a user would take for a disk.
"""

import contextlib
import io
import os
from typing import BinaryIO

from nova_xen.images.inspection.header import QCOW_MAGIC, SECTOR, VHD_MAGIC

_CHUNK = 4096
#: the furthest that any format known here has its marks, in bytes
_HEAD = 1024**2
_ISO_MARKS = (b"CD001", b"NSR02", b"NSR03")
_ISO_OFFSET = 32 * 1024 + 1

_MAGICS: dict[str, tuple[int, bytes]] = {
    "qcow2": (0, QCOW_MAGIC),
    "vhd": (0, VHD_MAGIC),
    "vhdx": (0, b"vhdxfile"),
    "qed": (0, b"QED\0"),
    "vmdk": (0, b"KDMV"),
    "vmdk (ESX)": (0, b"COWD"),
    "vmdk (descriptor)": (0, b"# Disk DescriptorFile"),
    "vdi": (0x40, b"\x7f\x10\xda\xbe"),
    "luks": (0, b"LUKS\xba\xbe"),
    "parallels": (0, b"WithoutFreeSpace"),
    "parallels (extended)": (0, b"WithouFreSpacExt"),
    "bochs": (0, b"Bochs Virtual HD Image"),
    "cloop": (0, b"#!/bin/sh\n#V2.0 Format"),
    "gzip-compressed": (0, b"\x1f\x8b\x08"),
    "xz-compressed": (0, b"\xfd7zXZ\0"),
    "zstd-compressed": (0, b"\x28\xb5\x2f\xfd"),
    "bzip2-compressed": (0, b"BZh"),
    "zip archive": (0, b"PK\x03\x04"),
    "7z archive": (0, b"7z\xbc\xaf\x27\x1c"),
    "dmg": (-SECTOR, b"koly"),
    "fixed vhd": (-SECTOR, VHD_MAGIC),
}
#: what says nothing against a raw disk: a partition table
_PLAIN = frozenset({"raw", "gpt"})


def contents(stream: BinaryIO, *, whole: bool = True) -> frozenset[str]:
    """Every format the bytes have the marks of; none for a raw disk.

    ``iso`` stands for ISO 9660 and UDF. ``fixed vhd`` is a disk with VHD's footer.

    :param whole: the stream has the end of the file as well
    """
    seen = {
        name
        for name, (offset, magic) in _MAGICS.items()
        if (whole or offset >= 0) and _has(stream, offset, magic)
    }
    if _has_iso_mark(stream):
        seen.add("iso")
    seen |= _inspected(stream) - _PLAIN
    if any(name.startswith("vmdk ") for name in seen):
        seen.discard("vmdk")
    if "vhd" in seen:
        # a dynamic VHD ends with its footer as well
        seen.discard("fixed vhd")
    return frozenset(seen)


def _has(stream: BinaryIO, offset: int, magic: bytes) -> bool:
    size = stream.seek(0, os.SEEK_END)
    if offset < 0:
        offset += size
    if not 0 <= offset < size:
        return False
    stream.seek(offset)
    return stream.read(len(magic)) == magic


def _has_iso_mark(stream: BinaryIO) -> bool:
    return any(_has(stream, _ISO_OFFSET, mark) for mark in _ISO_MARKS)


def _inspected(stream: BinaryIO) -> set[str]:
    # brings a cryptography library along, which only an inspection should wait for
    from oslo_utils.imageutils import format_inspector

    stream.seek(0)
    wrapper = format_inspector.InspectWrapper(io.BytesIO(stream.read(_HEAD)))
    with contextlib.closing(wrapper):
        while wrapper.read(_CHUNK) and wrapper.formats is None:
            pass
    return {str(inspector) for inspector in wrapper.formats or ()}
