# SPDX-License-Identifier: Apache-2.0
"""Volumes: whether a server may have one, and which disk becomes of it."""

import re
from collections.abc import Collection

from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, DiskType
from nova_xen.model import (
    DiskBus,
    DiskFormat,
    DiskUse,
    GuestMode,
    Volume,
    VolumeRequest,
)
from nova_xen.planning.attached import Documents, place_of
from nova_xen.planning.buses import EMULATED, PREFIXES, device_letters
from nova_xen.planning.formats import disk_driver

TARGET = re.compile(r"xvd[a-z]{1,2}", re.ASCII)
#: names of two letters end with zz
MOST = 26 + 26 * 26
#: libxl hands QEMU the path within a list that commas part, and xenstore a text
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff,]")


def check_volume(
    server: str,
    uuid: str,
    volume: Volume,
    request: VolumeRequest,
    uses: Collection[DiskUse],
) -> None:
    """Refuse a volume that is somebody's already, before its bytes are looked at.

    libvirt's libxl driver has no lock manager unless it is configured, and QEMU locks
    no disk of a Xen guest, so two guests would tear one file to pieces.

    :raises VolumeRefused: telling who has it
    """
    check_path(server, volume)
    if request.readonly and not volume.block:
        raise _refused(
            server,
            volume,
            "QEMU serves a Xen guest no file that is read-only; attach it through a "
            "read-only loop device (losetup --read-only --find --show FILE)",
        )
    for use in same_file(uses, volume):
        if use.uuid == uuid and not use.below:
            raise _refused(server, volume, _attached(use, uses))
        if not (request.readonly and (use.readonly or use.below)):
            raise _refused(server, volume, _used(use, request))


def check_path(server: str, volume: Volume) -> None:
    """Refuse a name that would mean something else on its way to QEMU.

    :raises VolumeRefused:
    """
    if _UNSAFE.search(volume.path):
        raise _refused(
            server,
            volume,
            "its path has a comma or a control character, which QEMU would take for "
            "something else; rename it",
        )


def check_place(
    server: str, volume: Volume, instances_path: str, real_instances_path: str
) -> None:
    """Refuse what belongs to a server or to the images that are kept.

    A server's folder goes with the server.

    :raises VolumeRefused: it lies below the folder of instances
    """
    for folder in (instances_path, real_instances_path):
        if f"{volume.real_path}/".startswith(f"{folder.rstrip('/')}/"):
            raise _refused(
                server,
                volume,
                f"it lies in {instances_path}, where files belong to servers and go "
                "with them; move it elsewhere",
            )


def same_file(uses: Collection[DiskUse], volume: Volume) -> list[DiskUse]:
    """Who has a volume, by whichever name."""
    return [
        use
        for use in uses
        if use.identity == volume.identity or use.path == volume.path
    ]


def _attached(use: DiskUse, uses: Collection[DiskUse]) -> str:
    """It has it in what runs, in what starts next time, or in both."""
    times = {
        each.now
        for each in uses
        if (each.uuid, each.target, each.path) == (use.uuid, use.target, use.path)
    }
    when = ""
    if len(times) == 1:
        when = " until it is off" if use.now else " from its next start on"
    return f"it has it already{when}, as {use.target}; remove it first"


def _used(use: DiskUse, request: VolumeRequest) -> str:
    if use.below:
        return (
            f"the disk {use.target} of server {use.server} lies upon it, and would be "
            "spoilt"
        )
    why = f"server {use.server} has it as {use.target}"
    if request.readonly:
        return f"{why} and can write to it; remove it there first"
    return f"{why}, and two that have it would spoil it; remove it there first"


def plan_volume(
    server: str,
    mode: GuestMode,
    documents: Documents,
    volume: Volume,
    disk_format: DiskFormat,
    request: VolumeRequest,
) -> Disk:
    """The disk that becomes of a volume, always on Xen's own bus.

    libxl plugs no other in while a guest runs (code 67).

    :raises VolumeRefused: the place asked for is none, or taken; or none is free
    """
    source = DiskType.BLOCK if volume.block else DiskType.FILE
    name, word = disk_driver(source, disk_format)
    return Disk(
        type=source,
        device=DiskDevice.DISK,
        driver_name=name,
        driver_type=word,
        source_file=None if volume.block else volume.path,
        source_dev=volume.path if volume.block else None,
        target_dev=_target(server, mode, documents, volume, request),
        target_bus=DiskBus.XEN.value,
        readonly=request.readonly,
    )


def _target(
    server: str,
    mode: GuestMode,
    documents: Documents,
    volume: Volume,
    request: VolumeRequest,
) -> str:
    # an emulated disk is writable
    first = EMULATED if request.readonly and mode is GuestMode.HVM else 0
    taken = {place_of(disk.target_dev): disk.target_dev for disk in documents.disks}
    if request.target is not None:
        return _asked_target(server, volume, request.target, first, taken)
    for index in range(first, MOST):
        if device_letters(index) not in taken:
            return PREFIXES[DiskBus.XEN] + device_letters(index)
    raise _refused(server, volume, f"all {MOST} places for disks are taken")


def _asked_target(
    server: str,
    volume: Volume,
    untrusted_target: str,
    first: int,
    taken: dict[str, str],
) -> str:
    target = untrusted_target.removeprefix("/dev/")
    if not TARGET.fullmatch(target):
        why = (
            f"{untrusted_target!r} is no name of a disk on Xen's bus; give one such as "
            "xvdb, or none for the next free one"
        )
        raise _refused(server, volume, why)
    place = place_of(target)
    if place in taken:
        why = (
            f"its disk {taken[place]} is in the place of {target}; give another name, "
            "or none for the next free one"
        )
        raise _refused(server, volume, why)
    if place in map(device_letters, range(first)):
        why = (
            f"a read-only disk of an HVM guest cannot be {target}, which is emulated "
            f"too; give xvd{device_letters(first)} or a later one"
        )
        raise _refused(server, volume, why)
    return target


def _refused(server: str, volume: Volume, why: str) -> exceptions.VolumeRefused:
    return exceptions.VolumeRefused(server=server, volume=volume.path, why=why)
