# SPDX-License-Identifier: Apache-2.0
"""What a guest is told could not be written into its disk."""

from nova_xen.exceptions.base import NovaXenError
from nova_xen.exceptions.host import HostCannot
from nova_xen.exceptions.request import InvalidRequest


class InjectionRefused(InvalidRequest):
    msg_fmt = (
        "Server %(server)s: what it is to be told cannot be written into its disk: "
        "%(why)s; %(advice)s."
    )


class InjectionUnavailable(HostCannot):
    msg_fmt = (
        "Server %(server)s: this host cannot write into disks: %(why)s; %(advice)s, or "
        "use a config drive."
    )


class InjectionFailed(NovaXenError):
    msg_fmt = (
        "Server %(server)s: libguestfs failed on its disk while %(doing)s: %(why)s."
    )


class InjectionTimeout(NovaXenError):
    msg_fmt = (
        "Server %(server)s: libguestfs was ended, for it made no progress on its disk "
        "within %(seconds)g seconds while %(doing)s; try again when the host is less "
        "busy, raise [xen] guestfs_timeout, or use a config drive."
    )
