# SPDX-License-Identifier: Apache-2.0
"""Refuse an image whose bytes are not what was declared, before a tool opens it."""

import dataclasses
import io
import os
from typing import BinaryIO, NoReturn

from nova_xen import exceptions
from nova_xen.images.files.regular import NotRegular, open_regular
from nova_xen.images.inspection.content import contents
from nova_xen.images.inspection.head import Head
from nova_xen.images.inspection.header import SECTOR
from nova_xen.images.inspection.safety import (
    head_objection,
    qcow2_objection,
    vhd_objection,
)
from nova_xen.images.tools import qemu_img
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
    path: str,
    declared: DiskFormat | None = None,
    *,
    iso: bool = False,
    name: str | None = None,
) -> InspectedImage:
    """Say what an image is, or refuse it.

    :param declared: its format as its owner says; None: what its bytes say, when
        they say it unmistakably, and otherwise raw
    :param iso: it is declared an ISO 9660 image
    :param name: what it is called to people, who may not know its path
    :raises ImageRejected: not readable, not as declared, or not safe to open
    """
    name = name or path
    with _open(path, name) as stream:
        seen = contents(stream)
        fmt, is_iso = _decide(name, declared, iso, seen)
        match fmt:
            case DiskFormat.QCOW2:
                why = qcow2_objection(stream)
            case DiskFormat.VHD:
                why = vhd_objection(stream)
            case DiskFormat.RAW:
                size = -(-os.fstat(stream.fileno()).st_size // SECTOR) * SECTOR
                return InspectedImage(format=fmt, virtual_size=size, iso=is_iso)
    if why is not None:
        _refuse(name, why)
    return InspectedImage(format=fmt, virtual_size=_virtual_size(path, fmt, name))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForeseenImage:
    """What an image seems to be by its beginning.

    ``virtual_size`` in bytes is what it has at least, None when nothing tells it.
    """

    format: DiskFormat
    virtual_size: int | None
    iso: bool = False


def inspect_head(
    name: str, head: Head, declared: DiskFormat | None = None, *, iso: bool = False
) -> ForeseenImage:
    """Refuse by its beginning an image that :func:`inspect_image` would refuse.

    What has no mark at its beginning may still be a fixed VHD, whose mark is its end.

    :raises ImageRejected: not as declared, or not safe to open
    """
    stream = io.BytesIO(head.start)
    seen = contents(stream, whole=False)
    if head.size == 0 or not head.start:
        _refuse(name, "it is empty")
    if declared is DiskFormat.VHD and not seen:
        return _fixed(head)
    fmt, is_iso = _decide(name, declared, iso, seen)
    if fmt is DiskFormat.RAW:
        size = head.size if declared or is_iso else _fixed(head).virtual_size
        return ForeseenImage(format=fmt, virtual_size=size, iso=is_iso)
    why, size = head_objection(stream, fmt, head.size)
    if why is not None:
        _refuse(name, why)
    return ForeseenImage(format=fmt, virtual_size=size)


def _fixed(head: Head) -> ForeseenImage:
    size = None if head.size is None else max(head.size - SECTOR, 0)
    return ForeseenImage(format=DiskFormat.VHD, virtual_size=size)


def _refuse(path: str, why: str) -> NoReturn:
    raise exceptions.ImageRejected(image=path, why=why)


def _open(path: str, name: str) -> BinaryIO:
    try:
        stream = open_regular(path)
    except FileNotFoundError:
        _refuse(name, "there is no such file")
    except PermissionError:
        _refuse(name, "you are not permitted to read it")
    except NotRegular:
        _refuse(name, "it is no regular file")
    except OSError as error:
        _refuse(name, f"it cannot be opened ({error.strerror or error})")
    if os.fstat(stream.fileno()).st_size == 0:
        stream.close()
        _refuse(name, "it is empty")
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


def _virtual_size(path: str, fmt: DiskFormat, name: str) -> int:
    try:
        size = qemu_img.info(path, fmt, server=path).virtual_size
        # where a qcow2 file is cut off, qemu-img convert reads zeros and is content
        broken = fmt is DiskFormat.QCOW2 and qemu_img.corruptions(path, server=path)
    except exceptions.ToolFailed as error:
        _refuse(name, f"it cannot be read as {fmt} ({error.context['why']})")
    if broken:
        _refuse(name, "it is qcow2 and a part of it is missing or damaged")
    return -(-size // SECTOR) * SECTOR
