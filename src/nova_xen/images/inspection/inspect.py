# SPDX-License-Identifier: Apache-2.0
"""Refuse an image whose bytes are not what was declared, before a tool opens it."""

import dataclasses
import io

from nova_xen import exceptions
from nova_xen.images.inspection.content import contents
from nova_xen.images.inspection.head import Head
from nova_xen.images.inspection.header import SECTOR
from nova_xen.images.inspection.opened import OpenImage, open_image, refuse
from nova_xen.images.inspection.safety import (
    fixed_data,
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
    :raises ImageUnchecked: a tool failed, not the image
    """
    with open_image(path, name) as image:
        return inspect_open(image, declared, iso=iso)


def inspect_open(
    image: OpenImage, declared: DiskFormat | None = None, *, iso: bool = False
) -> InspectedImage:
    """Say what an open image is, or refuse it; its bytes alone are looked at.

    :raises ImageRejected: as :func:`inspect_image`
    :raises ImageUnchecked: a tool failed, not the image
    """
    data = None
    with image.reading() as stream:
        fmt, is_iso = _decide(image.name, declared, iso, contents(stream))
        match fmt:
            case DiskFormat.QCOW2:
                why = qcow2_objection(stream)
            case DiskFormat.VHD:
                why = vhd_objection(stream)
                data = None if why else fixed_data(stream)
            case DiskFormat.RAW:
                size = _whole_sectors(image.status.st_size)
                return InspectedImage(format=fmt, virtual_size=size, iso=is_iso)
    if why is not None:
        image.refuse(why)
    size = _virtual_size(image, fmt)
    if size == 0:
        image.refuse(f"it is {fmt} and its disk is empty; get a whole copy")
    if data is not None and size > data:
        # for some makers qemu-img goes by the cylinders (block/vpc.c), and reads zeros
        image.refuse("it is vhd and a part of it is missing; get a whole copy")
    return InspectedImage(format=fmt, virtual_size=_whole_sectors(size))


def _whole_sectors(size: int) -> int:
    return -(-size // SECTOR) * SECTOR


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
        refuse(name, "it is empty; get a whole copy")
    if declared is DiskFormat.VHD and not seen:
        return _fixed(head)
    fmt, is_iso = _decide(name, declared, iso, seen)
    if fmt is DiskFormat.RAW:
        size = head.size if declared or is_iso else _fixed(head).virtual_size
        return ForeseenImage(format=fmt, virtual_size=size, iso=is_iso)
    why, size = head_objection(stream, fmt, head.size)
    if why is not None:
        refuse(name, why)
    return ForeseenImage(format=fmt, virtual_size=size)


def _fixed(head: Head) -> ForeseenImage:
    size = None if head.size is None else max(head.size - SECTOR, 0)
    return ForeseenImage(format=DiskFormat.VHD, virtual_size=size)


def _decide(
    path: str, declared: DiskFormat | None, iso: bool, seen: frozenset[str]
) -> tuple[DiskFormat, bool]:
    if iso:
        return _decide_iso(path, declared, seen)
    if len(seen) > 1:
        refuse(
            path,
            f"its content is several things at once ({_words(seen)}); convert it anew",
        )
    found = next(iter(seen), "raw")
    if declared is None:
        if found not in _FORMATS and found != "raw":
            refuse(path, f"its content is {found}; {_advice(found)}")
        return _FORMATS.get(found, DiskFormat.RAW), found == "iso"
    if _FORMATS.get(found, found) != declared:
        refuse(
            path,
            f"it was declared {declared} and its content is {found}; {_advice(found)}",
        )
    return declared, False


def _decide_iso(
    path: str, declared: DiskFormat | None, seen: frozenset[str]
) -> tuple[DiskFormat, bool]:
    if declared not in (None, DiskFormat.RAW):
        refuse(path, f"it was declared iso and {declared} at once; pass one of them")
    if seen != {"iso"}:
        found = _words(seen) or "raw"
        refuse(
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


def _virtual_size(image: OpenImage, fmt: DiskFormat) -> int:
    try:
        size = qemu_img.info(image.file, fmt, server=image.name).virtual_size
        # where a qcow2 file is cut off, qemu-img convert reads zeros and is content
        broken = fmt is DiskFormat.QCOW2 and qemu_img.corruptions(
            image.file, server=image.name
        )
    except exceptions.ToolFailed as error:
        if error.context.get("code") != qemu_img.REFUSED:
            why = f"{error.context['tool']} failed, {error.context['why']}"
            raise exceptions.ImageUnchecked(image=image.name, why=why) from None
        words = error.context["words"]
        image.refuse(f"it cannot be read as {fmt} ({words}); get a whole copy")
    if broken:
        image.refuse(
            "it is qcow2 and a part of it is missing or damaged; get a whole copy"
        )
    return size
