# SPDX-License-Identifier: Apache-2.0
"""What a qcow2 disk would have the emulator open besides itself.

See docs/interop/qcow2.txt of QEMU for the header.
"""

import os
import struct

from nova_xen.injection.guest.problems import Refused

_HEADER = struct.Struct(">4sIQI")
_MAGIC = b"QFI\xfb"
_MOST_NAME = 1023
_INCOMPATIBLE = 72
_DATA_FILE = 1 << 2
_BACKING_FORMAT = 0xE2792ACA
_MOST_HEADER = 64 * 1024


def check_qcow2(path: str, bases: str | None) -> None:
    """Refuse a disk that leads anywhere but to a whole base in the folder ``bases``.

    :param bases: None for a base itself, which leads nowhere
    :raises Refused:
    """
    with open(path, "rb") as file:
        header = file.read(_MOST_HEADER)
    whole = header.ljust(_HEADER.size, b"\0")
    magic, version, offset, size = _HEADER.unpack_from(whole)
    if magic != _MAGIC or version not in (2, 3):
        raise Refused("its disk is not qcow2, as was planned")
    if version == 3 and _long(header, _INCOMPATIBLE) & _DATA_FILE:
        raise Refused("its disk keeps its data in another file")
    if not offset:
        return
    if size > _MOST_NAME or offset + size > len(header):
        raise Refused("its disk names an impossible base")
    base = os.fsdecode(header[offset : offset + size])
    inside = os.path.dirname(base) == bases and os.path.normpath(base) == base
    if not inside or os.path.islink(base):
        raise Refused("its disk lies upon a file that is no cached base")
    match _extension(header, version, offset):
        case b"raw" | b"vpc":
            return
        case b"qcow2":
            check_qcow2(base, None)
        case _:
            raise Refused("its disk does not say what format its base has")


def _long(header: bytes, at: int) -> int:
    return int.from_bytes(header[at : at + 8], "big")


def _extension(header: bytes, version: int, end: int) -> bytes | None:
    """The format of the base, which the header's extensions tell."""
    at = 72 if version == 2 else int.from_bytes(header[100:104], "big")
    while at + 8 <= end:
        kind, size = struct.unpack_from(">II", header, at)
        if kind == 0:
            return None
        if kind == _BACKING_FORMAT:
            return header[at + 8 : at + 8 + size]
        at += 8 + -(-size // 8) * 8
    return None
