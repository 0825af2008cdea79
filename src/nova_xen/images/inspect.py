# SPDX-License-Identifier: Apache-2.0
"""Refuse an image whose bytes are not what was declared, before a tool opens it."""

import dataclasses
import os
from typing import BinaryIO, NoReturn

from nova_xen import exceptions
from nova_xen.images import qemu_img
from nova_xen.images.content import contents
from nova_xen.images.header import SECTOR
from nova_xen.images.regular import NotRegular, open_regular
from nova_xen.images.safety import qcow2_objection, vhd_objection
from nova_xen.model import DiskFormat

_FORMATS = {
    "qcow2": DiskFormat.QCOW2,
    "vhd": DiskFormat.VHD,
    "fixed vhd": DiskFormat.VHD,
    "iso": DiskFormat.RAW,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class InspectedImage:
    """What an image has proved to be; ``virtual_size`` in bytes, a multiple of 512."""

    format: DiskFormat
    virtual_size: int
    iso: bool = False


def inspect_image(
    path: str, declared: DiskFormat | None = None, *, iso: bool = False
) -> InspectedImage:
    """Say what an image is, or refuse it.

    :param declared: its format as its owner says; None: what its bytes say, when
        they say it unmistakably, and otherwise raw
    :param iso: it is declared an ISO 9660 image
    :raises ImageRejected: not readable, not as declared, or not safe to open
    """
    with _open(path) as stream:
        seen = contents(stream)
        fmt, is_iso = _decide(path, declared, iso, seen)
        match fmt:
            case DiskFormat.QCOW2:
                why = qcow2_objection(stream)
            case DiskFormat.VHD:
                why = vhd_objection(stream)
            case DiskFormat.RAW:
                size = -(-os.fstat(stream.fileno()).st_size // SECTOR) * SECTOR
                return InspectedImage(format=fmt, virtual_size=size, iso=is_iso)
    if why is not None:
        _refuse(path, why)
    return InspectedImage(format=fmt, virtual_size=_virtual_size(path, fmt))


def _refuse(path: str, why: str) -> NoReturn:
    raise exceptions.ImageRejected(image=path, why=why)


def _open(path: str) -> BinaryIO:
    try:
        stream = open_regular(path)
    except FileNotFoundError:
        _refuse(path, "there is no such file")
    except PermissionError:
        _refuse(path, "you are not permitted to read it")
    except NotRegular:
        _refuse(path, "it is no regular file")
    except OSError as error:
        _refuse(path, f"it cannot be opened ({error.strerror or error})")
    if os.fstat(stream.fileno()).st_size == 0:
        stream.close()
        _refuse(path, "it is empty")
    return stream


def _decide(
    path: str, declared: DiskFormat | None, iso: bool, seen: frozenset[str]
) -> tuple[DiskFormat, bool]:
    if iso:
        return _decide_iso(path, declared, seen)
    if len(seen) > 1:
        _refuse(path, f"its content is several things at once ({_words(seen)})")
    found = next(iter(seen), "raw")
    if declared is None:
        if found not in _FORMATS and found != "raw":
            _refuse(path, f"its content is {found}; {_advice(found)}")
        return _FORMATS.get(found, DiskFormat.RAW), found == "iso"
    if _FORMATS.get(found, found) != declared:
        _refuse(
            path,
            f"it was declared {declared} and its content is {found}; {_advice(found)}",
        )
    return declared, False


def _decide_iso(
    path: str, declared: DiskFormat | None, seen: frozenset[str]
) -> tuple[DiskFormat, bool]:
    if declared not in (None, DiskFormat.RAW):
        _refuse(path, f"it was declared iso and {declared} at once; pass one of them")
    if seen != {"iso"}:
        found = _words(seen) or "raw"
        _refuse(
            path, f"it was declared iso and its content is {found}; {_advice(found)}"
        )
    return DiskFormat.RAW, True


def _words(seen: frozenset[str]) -> str:
    return ", ".join(sorted(seen))


def _advice(found: str) -> str:
    if found in _FORMATS or found == "raw":
        word = _FORMATS.get(found, found) if found != "iso" else found
        return f"declare it as {word} if you trust it"
    if found.endswith(("compressed", "archive")):
        return "unpack it first"
    return "convert it to raw, qcow2 or vhd first"


def _virtual_size(path: str, fmt: DiskFormat) -> int:
    try:
        size = qemu_img.info(path, fmt, server=path).virtual_size
        # where a qcow2 file is cut off, qemu-img convert reads zeros and is content
        broken = fmt is DiskFormat.QCOW2 and qemu_img.corruptions(path, server=path)
    except exceptions.ToolFailed as error:
        _refuse(path, f"it cannot be read as {fmt} ({error.context['why']})")
    if broken:
        _refuse(path, "it is qcow2 and a part of it is missing or damaged")
    return -(-size // SECTOR) * SECTOR
