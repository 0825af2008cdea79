# SPDX-License-Identifier: Apache-2.0
"""libvirt, libxl or the host failed."""

from nova_xen.exceptions.base import NovaXenError


class HypervisorError(NovaXenError):
    msg_fmt = "libvirt failed while %(doing)s%(server)s: %(why)s."


class HypervisorUnavailable(HypervisorError):
    msg_fmt = (
        "libvirt cannot be reached at %(uri)s: %(why)s; check that libvirtd runs and "
        "that you may use it (as root, or in the group libvirt)."
    )


class NoXen(HypervisorUnavailable):
    msg_fmt = (
        "libvirt at %(uri)s has no working Xen driver: %(why)s; boot this host under "
        "Xen (apt install xen-system-amd64) and install libvirt-daemon-driver-xen."
    )


class NotPermitted(HypervisorUnavailable):
    msg_fmt = (
        "libvirt at %(uri)s refuses this user: %(why)s; run the command as root or "
        "join the group libvirt."
    )


class DeadlineExceeded(HypervisorError):
    msg_fmt = (
        "libvirt gave no answer within %(seconds)g seconds while %(doing)s; the call "
        "may still end: look at 'nova-xen server list' and the libvirtd log before "
        "trying again."
    )


class DeviceModelSilent(HypervisorError):
    msg_fmt = "The device model of server %(server)s tells nothing: %(why)s."
