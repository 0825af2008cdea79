# SPDX-License-Identifier: Apache-2.0
"""Disk buses and device names."""

import re
import string

from nova_xen import exceptions
from nova_xen.domain import DiskDevice
from nova_xen.model import DiskBus, GuestMode
from nova_xen.planning.context import Context

#: Places of a bus. IDE: two channels of two (libxl emulates no more). SCSI: the one
#: LSI 53C895A that QEMU adds has the ids 0 to 6, 7 is its own (probed on real Xen).
LIMITS = {DiskBus.IDE: 4, DiskBus.SCSI: 7}

#: an HVM guest's first places, in which a disk of Xen's bus is an IDE drive too
EMULATED = LIMITS[DiskBus.IDE]

PREFIXES = {DiskBus.XEN: "xvd", DiskBus.IDE: "hd", DiskBus.SCSI: "sd"}

_TARGET = re.compile(r"(?:xvd|hd|sd)(?P<letters>[a-z]{1,3})", re.ASCII)
_XEN_ONLY = (DiskBus.XEN,)
#: The first is the default. A CD drive named sda would be IDE all the same.
BUSES = {
    (GuestMode.PV, DiskDevice.DISK): _XEN_ONLY,
    (GuestMode.PV, DiskDevice.CDROM): _XEN_ONLY,
    (GuestMode.PVH, DiskDevice.DISK): _XEN_ONLY,
    (GuestMode.PVH, DiskDevice.CDROM): _XEN_ONLY,
    (GuestMode.HVM, DiskDevice.DISK): (DiskBus.IDE, DiskBus.XEN, DiskBus.SCSI),
    (GuestMode.HVM, DiskDevice.CDROM): (DiskBus.IDE, DiskBus.XEN),
}


def choose_bus(context: Context, device: DiskDevice) -> tuple[DiskBus, str]:
    """The bus of a disk or CD drive, and why.

    :raises BusNotPossible: the image asks for one the mode cannot have
    """
    name = f"hw_{device}_bus"
    possible = BUSES[context.mode, device]
    given = context.image_property(name)
    if given is None:
        return possible[0], f"a {context.mode} guest has its {device} on this bus"
    if given.lower() not in possible:
        raise exceptions.BusNotPossible(
            server=context.instance.name,
            mode=context.mode.value,
            device=device.value,
            bus=given,
            name=name,
            choices=", ".join(possible),
        )
    return DiskBus(given.lower()), f"image property {name}={given}"


def device_letters(index: int) -> str:
    """The letters of the disk at ``index``: 0 is a, 25 z, 26 aa, as Linux counts."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = string.ascii_lowercase[rest] + letters
    return letters


def device_name(
    context: Context,
    bus: DiskBus,
    index: int,
    device: str,
    kind: DiskDevice = DiskDevice.DISK,
) -> str:
    """The target name for the disk at ``index``.

    On HVM xvda, hda and sda are the same place, so all buses share one count.

    :raises TooManyDisks: the bus is full
    """
    limit = LIMITS.get(bus)
    if limit is not None and index >= limit:
        raise exceptions.TooManyDisks(
            server=context.instance.name,
            device=device,
            bus=bus.value,
            limit=limit,
            name=f"hw_{kind}_bus",
        )
    return PREFIXES[bus] + device_letters(index)


def device_index(target: str) -> int:
    """The place of a disk by its name: xvda, hda and sda are 0.

    :raises ValueError: that is no disk's name
    """
    found = _TARGET.fullmatch(target)
    if found is None:
        raise ValueError(f"{target!r} is no name of a disk")
    index = 0
    for letter in found["letters"]:
        index = index * 26 + string.ascii_lowercase.index(letter) + 1
    return index - 1
