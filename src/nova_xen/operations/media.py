# SPDX-License-Identifier: Apache-2.0
"""Media of CD drives."""

import os

from nova_xen import exceptions
from nova_xen.domain.tree import tostring
from nova_xen.hypervisor import LogMark
from nova_xen.images import folder_of, inspect_medium, locate_volume
from nova_xen.model import Where
from nova_xen.operations.devices import Subject, changing
from nova_xen.operations.host import Host
from nova_xen.operations.steps import Step, run_steps
from nova_xen.operations.uses import disk_uses
from nova_xen.planning.media import Drive, check_drive, check_medium, find_drive


def change_cdrom(host: Host, name: str, untrusted_path: str | None) -> None:
    """Put an ISO image into a server's CD drive, or take out what is in it.

    libvirt changes what runs first and the definition then, in one call; killed in
    between, the drive has the new medium until the server is off.

    :param untrusted_path: None empties the drive
    :raises WrongState: its devices cannot change now
    :raises DeviceNotFound: it has no CD drive but a config drive
    :raises DeviceKept: its medium cannot change now
    :raises VolumeRefused, ImageUnchecked: that is no medium
    :raises StepFailed: libvirt failed
    """
    with changing(host, name) as subject:
        folder = folder_of(host.options.instances_path, subject.guest.uuid)
        drive = find_drive(subject.name, subject.documents(), folder)
        check_drive(subject.name, subject.mode, drive, untrusted_path)
        medium = None
        if untrusted_path is not None:
            medium = _medium(subject, untrusted_path, folder)
        _change(subject, drive, medium, folder)


def _medium(subject: Subject, untrusted_path: str, folder: str) -> str:
    instances_path = subject.host.options.instances_path
    volume = locate_volume(untrusted_path, subject.name)
    uses = disk_uses(subject.host.connection)
    real = os.path.realpath(instances_path)
    check_medium(subject.name, volume, uses, folder, instances_path, real)
    inspect_medium(volume, subject.name)
    return volume.path


def _change(subject: Subject, drive: Drive, medium: str | None, folder: str) -> None:
    where = Where(live=drive.live is not None, config=True)
    xml = tostring(drive.holding(medium).to_xml())

    def check() -> None:
        found = find_drive(subject.name, subject.documents(), folder)
        sources = {drive.source for drive in (found.live, found.config) if drive}
        if sources != {medium}:
            raise exceptions.HypervisorError(
                doing="changing a device of",
                server=f" server {subject.name}",
                why="libvirt took the medium and does not show it",
                code=None,
            )

    steps = [
        Step("change its medium", lambda: subject.guest.update_device(xml, where)),
        Step("find it in its definitions", check),
    ]
    mark = LogMark.take(subject.name)
    run_steps(subject.name, "given another medium", steps, mark)
