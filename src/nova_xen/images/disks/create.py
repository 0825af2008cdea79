# SPDX-License-Identifier: Apache-2.0
"""Carry out one disk plan: the file is there complete, or not at all."""

import contextlib
import os

from nova_xen import exceptions
from nova_xen.images.cache.bases import held_base
from nova_xen.images.cache.source import open_source, require_sum
from nova_xen.images.disks.blank import make_filesystem, make_swap
from nova_xen.images.files.part import discarded, part_of
from nova_xen.images.files.space import least_copy, preallocate, require_space
from nova_xen.images.inspection.header import SECTOR
from nova_xen.images.inspection.inspect import inspect_open
from nova_xen.images.inspection.opened import OpenImage
from nova_xen.images.progress import Progress, no_progress
from nova_xen.images.tools import qemu_img
from nova_xen.model import Checksum, DiskFormat, DiskKind, DiskPlan


def make_disk(
    plan: DiskPlan,
    *,
    server: str,
    instances_path: str,
    image_id: str = "",
    checksum: Checksum | None = None,
    progress: Progress = no_progress,
) -> None:
    """Make the disk of a plan, of exactly the plan's size rounded up to a sector.

    :param instances_path: where the bases of overlays are kept
    :param image_id: names the content of the plan's base, for the cache
    :param checksum: what the bytes of the plan's base were declared to amount to
    :raises ImageRejected: the base is not as declared, or larger than the plan's disk
    :raises ImageUnchecked: the base could not be looked at
    :raises NotEnoughDisk: nothing is left behind
    :raises ToolFailed: among others when the file exists; nothing is left behind
    """
    size = -(-plan.size // SECTOR) * SECTOR
    with contextlib.ExitStack() as stack:
        base, image = "", None
        if plan.base is not None and plan.overlay:
            # held until the overlay has its name, by which it is then found in use
            base = stack.enter_context(
                held_base(
                    *(plan.base, plan.base_format, image_id),
                    instances_path=instances_path,
                    server=server,
                    kept_as=plan.cache_format,
                    checksum=checksum,
                    progress=progress,
                )
            )
        elif plan.base is not None:
            image = stack.enter_context(open_source(plan.base, instances_path))
        part = stack.enter_context(part_of(plan.path, server=server))
        if plan.preallocate:
            require_space(os.path.dirname(part), size, server=server)
        if image is not None:
            with image.unchanged():
                require_sum(image, checksum, progress)
                _copy(plan, image, part, size, server, progress)
        elif base:
            _overlay(plan, base, part, size, server)
        else:
            _make_blank(plan, part, size, server)
        _end(plan, part, size, server)


def _make_blank(plan: DiskPlan, part: str, size: int, server: str) -> None:
    qemu_img.create(part, plan.format, size, server=server, vhd=plan.vhd_subformat)
    match plan.kind:
        case DiskKind.EPHEMERAL:
            make = make_filesystem
        case DiskKind.SWAP:
            make = make_swap
        case DiskKind.ROOT:
            return
    if plan.format is DiskFormat.RAW:
        make(part, server=server)
        return
    with discarded(f"{part}.raw") as raw:
        qemu_img.create(raw, DiskFormat.RAW, size, server=server)
        make(raw, server=server)
        qemu_img.convert(
            raw, DiskFormat.RAW, part, plan.format, server=server, size=size
        )


def _overlay(plan: DiskPlan, base: str, part: str, size: int, server: str) -> None:
    if plan.format is not DiskFormat.QCOW2:
        raise exceptions.ToolFailed(
            server=server,
            tool="qemu-img",
            doing=f"writing {plan.path}",
            why=f"an overlay is qcow2 and cannot be {plan.format}; plan a copy",
        )
    have = _base_size(base, plan.cache_format, server)
    _never_shrink(plan, have, size, server)
    qemu_img.create(
        part,
        plan.format,
        size,
        server=server,
        backing=base,
        backing_fmt=plan.cache_format,
    )


def _base_size(base: str, fmt: DiskFormat, server: str) -> int:
    if fmt is DiskFormat.RAW:
        return os.path.getsize(base)
    return qemu_img.info(base, fmt, server=server).virtual_size


def _copy(
    plan: DiskPlan,
    image: OpenImage,
    part: str,
    size: int,
    server: str,
    progress: Progress,
) -> None:
    """Copy into a disk made with its final size: VHD could not grow afterwards."""
    found = inspect_open(image, plan.base_format)
    _never_shrink(plan, found.virtual_size, size, server)
    need = least_copy(image.status, found.virtual_size)
    require_space(os.path.dirname(part), need, server=server)
    qemu_img.create(part, plan.format, size, server=server, vhd=plan.vhd_subformat)
    qemu_img.convert(
        *(image.file, found.format, part, plan.format),
        server=server,
        size=size,
        progress=progress,
    )


def _never_shrink(plan: DiskPlan, have: int, size: int, server: str) -> None:
    if have > size:
        raise exceptions.ImageRejected(
            image=plan.base,
            why=f"its disk has {have} bytes, the {plan.kind} of server {server} is to "
            f"have {size}, and a disk is never shrunk; choose a larger flavor",
        )


def _end(plan: DiskPlan, part: str, size: int, server: str) -> None:
    """Fail rather than give a guest a disk of another size: it is part of a promise."""
    if plan.preallocate:
        preallocate(part, size, server=server)
    made = qemu_img.info(part, plan.format, server=server).virtual_size
    if made != size:
        raise exceptions.ToolFailed(
            server=server,
            tool="qemu-img",
            doing=f"writing {plan.path}",
            why=f"the disk came out with {made} bytes instead of {size}; try again, "
            "and with another file system if it does so again",
        )
