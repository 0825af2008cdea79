# SPDX-License-Identifier: Apache-2.0
"""What speaks against opening a qcow2 or VHD file of a stranger."""

import os
from typing import BinaryIO

from nova_xen.images.inspection.header import (
    SECTOR,
    VHD_MAGIC,
    Qcow2Feature,
    Qcow2Header,
    VhdFooter,
    VhdType,
)
from nova_xen.model import DiskFormat

_QCOW2_VERSIONS = (2, 3)
_WHOLE = "get a whole copy"


def qcow2_objection(stream: BinaryIO) -> str | None:
    """Why a qcow2 file is refused, or None."""
    try:
        head = Qcow2Header.read(stream)
    except ValueError as error:
        return f"it is qcow2 and {error}; {_WHOLE}"
    return _qcow2_objection(head, stream.seek(0, os.SEEK_END))


def head_objection(
    stream: BinaryIO, fmt: DiskFormat, size: int | None
) -> tuple[str | None, int | None]:
    """Why a file with this beginning is refused, and the bytes of its disk.

    :param stream: the beginning
    :param size: bytes of the whole file, None when not known
    """
    try:
        if fmt is DiskFormat.QCOW2:
            head = Qcow2Header.read(stream)
            return _qcow2_objection(head, size), head.virtual_size
        stream.seek(0)
        footer = VhdFooter.read(stream.read(SECTOR))
    except ValueError as error:
        return f"it is {fmt} and {error}; {_WHOLE}", None
    return _footer_objection(footer), footer.current_size


def _qcow2_objection(head: Qcow2Header, size: int | None) -> str | None:
    if head.version not in _QCOW2_VERSIONS:
        return f"it is qcow version {head.version}; convert it to version 3 first"
    if head.backing_file is not None:
        return "it is a qcow2 overlay of another file; flatten it with qemu-img convert"
    if size is not None and head.tables_end > size:
        return f"it is qcow2 and a part of it is missing; {_WHOLE}"
    if head.virtual_size == 0:
        return f"it is qcow2 and its disk is empty; {_WHOLE}"
    return _feature_objection(head)


def _feature_objection(head: Qcow2Header) -> str | None:
    if head.features & Qcow2Feature.DATA_FILE:
        return "it is qcow2 that keeps its data in another file; convert it first"
    if head.unknown_features:
        unknown = f"{head.unknown_features:#x}"
        return f"it is qcow2 with unknown features ({unknown}); convert it first"
    if head.features & Qcow2Feature.CORRUPT:
        return "it is qcow2 marked as corrupt; repair it with qemu-img check"
    if head.encrypted:
        return "it is encrypted qcow2; decrypt it with qemu-img convert"
    return None


def vhd_objection(stream: BinaryIO) -> str | None:
    """Why a VHD file is refused, or None."""
    try:
        footer = _footer(stream)
    except ValueError as error:
        return f"it is vhd and {error}; {_WHOLE}"
    if why := _footer_objection(footer):
        return why
    if _is_cut(stream, footer):
        return f"it is vhd and a part of it is missing; {_WHOLE}"
    return None


def fixed_data(stream: BinaryIO) -> int | None:
    """Bytes of data that a fixed VHD has; None for a dynamic one.

    :raises ValueError: no VHD
    """
    if _footer(stream).type != VhdType.FIXED:
        return None
    return stream.seek(-SECTOR, os.SEEK_END)


def _footer_objection(footer: VhdFooter) -> str | None:
    if footer.type == VhdType.DIFFERENCING:
        return "it is a differencing vhd of another file; merge it first"
    if footer.type not in (VhdType.FIXED, VhdType.DYNAMIC) or not footer.intact:
        return f"it is vhd and its footer is damaged; {_WHOLE}"
    return None


def _footer(stream: BinaryIO) -> VhdFooter:
    """The copy at the beginning when there is one, as QEMU reads it."""
    stream.seek(0)
    head = stream.read(SECTOR)
    if head.startswith(VHD_MAGIC):
        return VhdFooter.read(head)
    stream.seek(-SECTOR, os.SEEK_END)
    return VhdFooter.read(stream.read(SECTOR))


def _is_cut(stream: BinaryIO, footer: VhdFooter) -> bool:
    end = stream.seek(-SECTOR, os.SEEK_END)
    if footer.type == VhdType.FIXED:
        return footer.current_size > end
    return not stream.read(SECTOR).startswith(VHD_MAGIC)
