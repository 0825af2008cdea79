# SPDX-License-Identifier: Apache-2.0
"""Devices in xenstore: their numbers, and whether the guest has taken them."""

from nova_xen.model import Frontend, FrontendState
from nova_xen.planning.buses import device_index

#: xen/io/xenbus.h
INITIALISING, CONNECTED, CLOSED = 1, 4, 6
#: libxl and Linux number the first sixteen disks by the block major of Xen's own
_MAJOR, _OLD_PLACES = 202, 16


def vbd_number(target: str) -> int:
    """The number of a disk on Xen's bus, by its name (Xen's vbd-interface).

    :raises ValueError: the name is none of a disk on Xen's bus
    """
    index = device_index(target)
    if index < _OLD_PLACES:
        return _MAJOR << 8 | index << 4
    return 1 << 28 | index << 8


def judge_frontend(frontend: Frontend) -> FrontendState:
    """What both sides make of a device.

    A backend that is ready waits for the guest in the state InitWait or later; one
    whose image QEMU cannot open stays in Initialising (seen on real Xen 4.17).
    """
    if frontend.host is None or frontend.host <= INITIALISING:
        return FrontendState.UNSERVED
    if frontend.host == frontend.guest == CONNECTED:
        return FrontendState.CONNECTED
    return FrontendState.WAITING


def was_taken(frontend: Frontend) -> bool:
    """Whether a driver of the guest's has the device, or had it when it was closed.

    A host that asked for it back in vain leaves it closing on its own side.
    """
    return frontend.guest is not None and CONNECTED <= frontend.guest <= CLOSED
