# SPDX-License-Identifier: Apache-2.0
"""Devices that cannot be plugged in or taken out."""

from nova_xen.exceptions.base import NovaXenError
from nova_xen.exceptions.request import InvalidRequest


class VolumeRefused(InvalidRequest):
    msg_fmt = "Server %(server)s cannot have the volume %(volume)s: %(why)s."


class DeviceNotFound(InvalidRequest):
    msg_fmt = (
        "Server %(server)s has no %(what)s %(device)s; see 'nova-xen server device "
        "list %(server)s' for what it has."
    )


class DeviceKept(InvalidRequest):
    msg_fmt = "Server %(server)s keeps its %(what)s %(device)s: %(why)s."


class DetachFailed(NovaXenError):
    msg_fmt = (
        "Server %(server)s did not let go of its %(what)s %(device)s: %(why)s; "
        "unmount it, or take it down, inside the guest and remove it again, or stop "
        "the server first."
    )


class DeviceStays(NovaXenError):
    msg_fmt = "Server %(server)s has its %(what)s %(device)s still, %(until)s: %(why)s."
