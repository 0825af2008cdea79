# SPDX-License-Identifier: Apache-2.0
"""Disk buses and device names."""

import string

from nova_xen import exceptions
from nova_xen.model import DiskBus, GuestMode
from nova_xen.planning.context import Context

#: IDE has two channels of two places; Xen emulates no more (libxl's device model)
IDE_LIMIT = 4

PREFIXES = {DiskBus.XEN: "xvd", DiskBus.IDE: "hd"}

BUSES = {
    GuestMode.PV: (DiskBus.XEN,),
    GuestMode.PVH: (DiskBus.XEN,),
    GuestMode.HVM: (DiskBus.IDE, DiskBus.XEN),
}


def choose_bus(context: Context, device: str) -> tuple[DiskBus, str]:
    """The bus of a ``disk`` or ``cdrom`` and why.

    :raises BusNotPossible: the image asks for one the mode cannot have
    """
    name = f"hw_{device}_bus"
    possible = BUSES[context.mode]
    given = context.image_property(name)
    if given is None:
        return possible[0], f"a {context.mode} guest has its {device} on this bus"
    if given.lower() not in possible:
        raise exceptions.BusNotPossible(
            server=context.instance.name,
            mode=context.mode.value,
            device=device,
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


def device_name(context: Context, bus: DiskBus, index: int, device: str) -> str:
    """The target name for the disk at ``index``.

    On HVM xvda and hda are the same emulated disk, so both buses share one count.

    :raises TooManyDisks: the bus is full
    """
    if bus is DiskBus.IDE and index >= IDE_LIMIT:
        raise exceptions.TooManyDisks(
            server=context.instance.name,
            device=device,
            bus=bus.value,
            limit=IDE_LIMIT,
        )
    return PREFIXES[bus] + device_letters(index)
