# SPDX-License-Identifier: Apache-2.0
"""Volumes given to servers and taken from them."""

import dataclasses
import os

from nova_xen.domain import Disk
from nova_xen.hypervisor import require_served
from nova_xen.images import (
    folder_of,
    identity_of,
    inspect_volume,
    locate_volume,
)
from nova_xen.model import DeviceChange, DeviceKind, FrontendState, VolumeRequest
from nova_xen.operations.devices import (
    Plugging,
    Subject,
    changing,
    take_out,
    unheard,
)
from nova_xen.operations.host import Host
from nova_xen.operations.uses import disk_uses
from nova_xen.planning.attached import (
    Documents,
    check_disk_removable,
    choose_disk,
    of_disk,
)
from nova_xen.planning.volumes import check_place, check_volume, plan_volume


def attach_volume(host: Host, name: str, request: VolumeRequest) -> DeviceChange:
    """Give a server a file or block device of this host as a disk.

    :raises WrongState: its devices cannot change now
    :raises VolumeRefused, FormatNotServed, ImageUnchecked: the volume cannot be had
    :raises StepFailed: libvirt or the host failed; the server is as it was
    """
    with changing(host, name) as subject:
        disk = _plan(subject, request)
        match = of_disk(disk.target_dev, disk.source)
        state = Plugging(subject, disk, match).run()
        return DeviceChange(
            kind=DeviceKind.DISK,
            device=disk.target_dev,
            source=disk.source or "",
            type=disk.driver_type or "",
            where=subject.where,
            connected=None if state is None else state is FrontendState.CONNECTED,
            warnings=unheard(subject, state, disk.target_dev),
        )


def _plan(subject: Subject, request: VolumeRequest) -> Disk:
    """What is cheap comes first; the bytes are looked at last."""
    host, name = subject.host, subject.name
    volume = locate_volume(request.path, name)
    instances_path = host.options.instances_path
    check_place(name, volume, instances_path, os.path.realpath(instances_path))
    uses = disk_uses(host.connection)
    check_volume(name, subject.guest.uuid, volume, request, uses)
    disk = plan_volume(
        name,
        subject.mode,
        subject.documents(),
        volume,
        inspect_volume(volume, request.format, name),
        request,
    )
    devices = dataclasses.replace(subject.domain.devices, disks=(disk,))
    served = dataclasses.replace(subject.domain, devices=devices)
    require_served(served, name, host.device_model_paths)
    return disk


def detach_volume(host: Host, name: str, volume: str) -> tuple[str, ...]:
    """Take a volume from a server.

    :param volume: the disk's name in the guest, or its path on this host
    :returns: what should be known
    :raises DeviceNotFound: it has no such disk
    :raises DeviceKept: the disk is the server's own, or libxl cannot take it out now
    :raises DetachFailed: the guest holds it
    """
    with changing(host, name) as subject:
        documents = subject.documents()
        match = choose_disk(
            subject.name, documents, volume, _paths_of(documents, volume)
        )
        folder = folder_of(host.options.instances_path, subject.guest.uuid)
        check_disk_removable(subject.name, documents.find(match), folder)
        return take_out(subject, match)


def _paths_of(documents: Documents, volume: str) -> frozenset[str]:
    """The sources of disks that are the file ``volume``, by whichever name."""
    identity = identity_of(volume)
    sources = {disk.source for disk in documents.disks if disk.source is not None}
    return frozenset(
        source
        for source in sources
        if source == os.path.abspath(volume)
        or (identity is not None and identity_of(source) == identity)
    )
