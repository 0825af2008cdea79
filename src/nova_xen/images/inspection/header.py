# SPDX-License-Identifier: Apache-2.0
"""What the headers of qcow2 and VHD say, read before any program opens the file.

qcow2: QEMU's docs/interop/qcow2.txt. VHD: Microsoft's Virtual Hard Disk Image Format
Specification 1.0; its footer is the last sector, and a copy is the first sector of
all but fixed disks.
"""

import dataclasses
import enum
import os
import struct
from typing import BinaryIO, Self

SECTOR = 512
QCOW_MAGIC = b"QFI\xfb"
VHD_MAGIC = b"conectix"
_QCOW2 = struct.Struct(">4sIQIIQIIQQ")
_BACKING_FORMAT = 0xE2792ACA
_EXTENSION = struct.Struct(">II")
_VHD = struct.Struct(">8s40xQ4xII")


class Qcow2Feature(enum.IntFlag):
    """Incompatible features: one who does not know them must not open the file."""

    DIRTY = 1
    CORRUPT = 2
    DATA_FILE = 4
    COMPRESSION = 8
    EXTENDED_L2 = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class Qcow2Header:
    """The head of a qcow2 file; ``virtual_size`` in bytes.

    ``tables_end``: the file has at least this many bytes, or its tables are cut off.
    """

    version: int
    virtual_size: int
    encrypted: bool = False
    features: int = 0
    tables_end: int = 0
    backing_file: str | None = None
    backing_format: str | None = None

    @property
    def unknown_features(self) -> int:
        """Bits that no version of qcow2 known here has."""
        return self.features & ~sum(Qcow2Feature)

    @classmethod
    def read(cls, stream: BinaryIO) -> Self:
        """Read the head from the beginning of ``stream``.

        :raises ValueError: no qcow2, or its head is cut off
        """
        stream.seek(0)
        head = stream.read(112)
        if len(head) < 72 or not head.startswith(QCOW_MAGIC):
            raise ValueError("its header is cut off")
        _, version, offset, length, _, size, crypt, l1_size, l1_offset, refcounts = (
            _QCOW2.unpack_from(head)
        )
        features, header_length = 0, 72
        if version >= 3:
            if len(head) < 104:
                raise ValueError("its header is cut off")
            (features,) = struct.unpack_from(">Q", head, 72)
            (header_length,) = struct.unpack_from(">I", head, 100)
        backing = _text(stream, offset, min(length, 1023)) if offset else None
        return cls(
            version=version,
            virtual_size=size,
            encrypted=bool(crypt),
            features=features,
            tables_end=max(l1_offset + 8 * l1_size, refcounts + 8),
            backing_file=backing,
            backing_format=_backing_format(stream, header_length) if offset else None,
        )


def _text(stream: BinaryIO, offset: int, length: int) -> str:
    if offset > 2**31:
        raise ValueError("its header is damaged")
    stream.seek(offset)
    return os.fsdecode(stream.read(length))


def _backing_format(stream: BinaryIO, offset: int) -> str | None:
    """The extensions follow the header; they end with one of type 0."""
    for _ in range(32):
        stream.seek(offset)
        head = stream.read(_EXTENSION.size)
        if len(head) < _EXTENSION.size:
            return None
        kind, length = _EXTENSION.unpack(head)
        if kind == 0:
            return None
        if kind == _BACKING_FORMAT:
            return os.fsdecode(stream.read(min(length, 15)))
        offset += _EXTENSION.size + (length + 7) // 8 * 8
    return None


class VhdType(enum.IntEnum):
    """Kinds of VHD; a differencing one has a parent elsewhere."""

    FIXED = 2
    DYNAMIC = 3
    DIFFERENCING = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class VhdFooter:
    """A VHD's footer; ``current_size`` in bytes."""

    type: int
    current_size: int
    intact: bool

    @classmethod
    def read(cls, sector: bytes) -> Self:
        """Read a footer or its copy.

        :raises ValueError: not a whole footer
        """
        if len(sector) < SECTOR or not sector.startswith(VHD_MAGIC):
            raise ValueError("its header is cut off")
        _, size, kind, checksum = _VHD.unpack_from(sector)
        total = sum(sector[:64]) + sum(sector[68:SECTOR])
        return cls(type=kind, current_size=size, intact=checksum == ~total & 0xFFFFFFFF)
