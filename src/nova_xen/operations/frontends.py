# SPDX-License-Identifier: Apache-2.0
"""Whether a running guest has taken a device, asked of xenstore."""

import logging
import time
from collections.abc import Callable

from nova_xen import exceptions
from nova_xen.domain import Disk
from nova_xen.hypervisor import Guest
from nova_xen.hypervisor.frontends import disk_path, interface_path, read_frontend
from nova_xen.hypervisor.xenstore import SOCKETS, Xenstore
from nova_xen.model import Frontend, FrontendState
from nova_xen.operations.host import Host
from nova_xen.planning.attached import Device
from nova_xen.planning.frontends import judge_frontend, vbd_number, was_taken

LOG = logging.getLogger(__name__)

#: seconds between looks
_INTERVAL = 0.25
Locate = Callable[[Xenstore, int], str | None]


def locate(device: Device) -> Locate | None:
    """Where a device is in xenstore, given the id of its domain.

    :returns: None for a disk whose name has no number, as virsh may have given it
    """
    if isinstance(device, Disk):
        try:
            number = vbd_number(device.target_dev)
        except ValueError:
            return None
        return lambda _xenstore, domid: disk_path(domid, number)
    mac = (device.mac or "").lower()
    return lambda xenstore, domid: interface_path(xenstore, domid, mac)


def await_frontend(host: Host, guest: Guest, device: Device) -> FrontendState | None:
    """Give the guest its time to take a device.

    :returns: what both sides make of it then; None when xenstored cannot be asked, the
        guest went off, or the disk's name has no number
    """
    begun = time.monotonic()
    find = locate(device)
    if find is None:
        return None
    try:
        xenstore = Xenstore(host.xenstored_sockets or SOCKETS)
    except exceptions.ToolstackFailed as error:
        LOG.info("Server %s: %s", guest.name, error)
        return None
    try:
        while True:
            state = _look(xenstore, guest, find)
            waited = time.monotonic() - begun
            if _is_over(state, waited, host.device_timeout):
                return state
            time.sleep(_INTERVAL)
    except exceptions.ToolstackFailed as error:
        LOG.info("Server %s: %s", guest.name, error)
        return None
    finally:
        xenstore.release()


def _is_over(state: FrontendState | None, waited: float, timeout: float) -> bool:
    """The host has thrice the guest's time: what it does not serve is taken out."""
    match state:
        case FrontendState.WAITING:
            return waited >= timeout
        case FrontendState.UNSERVED:
            return waited >= 3 * timeout
    return True


def _look(xenstore: Xenstore, guest: Guest, find: Locate) -> FrontendState | None:
    domid = guest.domid()
    if domid is None:
        return None
    path = find(xenstore, domid)
    if path is None:
        return FrontendState.UNSERVED
    return judge_frontend(read_frontend(xenstore, path))


def is_held(host: Host, guest: Guest, device: Device) -> bool:
    """Whether the guest's side of a device that was taken out is still there.

    No when xenstored cannot be asked: libvirt has said that it is gone.
    """
    frontend = _frontend(host, guest, device)
    return frontend is not None and frontend.guest is not None


def is_taken(host: Host, guest: Guest, device: Device) -> bool:
    """Whether the guest is known to have taken a device on Xen's bus."""
    frontend = _frontend(host, guest, device)
    return frontend is not None and was_taken(frontend)


def _frontend(host: Host, guest: Guest, device: Device) -> Frontend | None:
    """Both sides of a device now; None when they cannot be seen, or are not there."""
    domid, find = guest.domid(), locate(device)
    if domid is None or find is None:
        return None
    try:
        xenstore = Xenstore(host.xenstored_sockets or SOCKETS)
    except exceptions.ToolstackFailed:
        return None
    try:
        path = find(xenstore, domid)
        return None if path is None else read_frontend(xenstore, path)
    except exceptions.ToolstackFailed:
        return None
    finally:
        xenstore.release()
