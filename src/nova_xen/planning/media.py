# SPDX-License-Identifier: Apache-2.0
"""The medium of a server's CD drive: whether it can change, and into what."""

import dataclasses
from collections.abc import Collection

from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, DiskType, Domain
from nova_xen.model import DiskKind, DiskUse, GuestMode, Volume
from nova_xen.planning.attached import Documents
from nova_xen.planning.volumes import check_path, check_place, same_file


@dataclasses.dataclass(frozen=True)
class Drive:
    """A CD drive as it is now, None when the server is off, and at the next start."""

    live: Disk | None
    config: Disk

    def holding(self, medium: str | None) -> Disk:
        """The drive with another medium, None for an empty one."""
        return dataclasses.replace(
            self.config, type=DiskType.FILE, source_file=medium, source_dev=None
        )


def find_drive(server: str, documents: Documents, folder: str) -> Drive:
    """The CD drive that is not the config drive.

    :param folder: the server's own
    :raises DeviceNotFound: it has none
    """
    config = _drive_of(documents.config, folder)
    if config is None:
        raise exceptions.DeviceNotFound(
            server=server, what="CD drive", device="whose medium can change"
        )
    live = documents.live
    return Drive(None if live is None else _drive_of(live, folder), config)


def _drive_of(domain: Domain, folder: str) -> Disk | None:
    for disk in domain.devices.disks:
        told = disk.source == f"{folder}/{DiskKind.CONFIG}"
        if disk.device is DiskDevice.CDROM and not told:
            return disk
    return None


def check_drive(server: str, mode: GuestMode, drive: Drive, medium: str | None) -> None:
    """Refuse what would fail in libxl, or end QEMU, while the server runs.

    :param medium: the path of what is put in; None takes out what is in it
    :raises DeviceKept: with the reason
    """
    if drive.live is None:
        return
    why = None
    if mode is not GuestMode.HVM:
        why = f"libxl changes no medium of a {mode} guest that runs; stop it first"
    elif medium is not None and drive.live.source is None:
        why = (
            "it is empty, and QEMU dies of a medium for a drive that began empty; stop "
            "the server first"
        )
    if why is not None:
        raise exceptions.DeviceKept(
            server=server, what="CD drive", device=drive.live.target_dev, why=why
        )


def check_medium(
    server: str,
    volume: Volume,
    uses: Collection[DiskUse],
    folder: str,
    instances_path: str,
    real_instances_path: str,
) -> None:
    """Refuse what is no file for a CD drive, or what somebody writes to.

    The image that the server was made from may come back into the drive.

    :param folder: the server's own
    :raises VolumeRefused: with the reason
    """
    check_path(server, volume)
    if volume.block:
        why = "it is a block device; give the file of an ISO image"
        raise exceptions.VolumeRefused(server=server, volume=volume.path, why=why)
    if volume.path != f"{folder}/{DiskKind.CDROM}":
        check_place(server, volume, instances_path, real_instances_path)
    for use in same_file(uses, volume):
        if not (use.readonly or use.below):
            why = f"server {use.server} has it as {use.target} and can write to it"
            raise exceptions.VolumeRefused(server=server, volume=volume.path, why=why)
