# SPDX-License-Identifier: Apache-2.0
"""libvirt's states of a domain as power states; a pure decision.

On Xen a guest that ended is listed as shut off for some seconds while its domain
still exists: it can neither be started nor deleted then, so it counts as stopping.
"""

import libvirt

from nova_xen.model import PowerState

#: the guest has no Xen domain
OFF_STATES = frozenset({PowerState.STOPPED, PowerState.CRASHED, PowerState.SUSPENDED})

_STATES = {
    libvirt.VIR_DOMAIN_RUNNING: PowerState.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: PowerState.RUNNING,
    libvirt.VIR_DOMAIN_PAUSED: PowerState.PAUSED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: PowerState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: PowerState.STOPPING,
    libvirt.VIR_DOMAIN_CRASHED: PowerState.CRASHED,
}


def is_shut_off(state: int) -> bool:
    """Whether more must be asked: is there a domain still, is there a saved one."""
    return bool(state == libvirt.VIR_DOMAIN_SHUTOFF)


def may_be_saved(state: int, reason: int) -> bool:
    """Whether only the managed save image tells if the guest is suspended.

    libvirtd forgets the reason when it is restarted.
    """
    return is_shut_off(state) and reason == libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN


def power_state(
    state: int, reason: int, *, active: bool = False, saved: bool = False
) -> PowerState:
    """The power state; ``active`` and ``saved`` count only for a shut off guest."""
    if not is_shut_off(state):
        return _STATES.get(state, PowerState.UNKNOWN)
    if active:
        return PowerState.STOPPING
    if saved or reason == libvirt.VIR_DOMAIN_SHUTOFF_SAVED:
        return PowerState.SUSPENDED
    if reason == libvirt.VIR_DOMAIN_SHUTOFF_CRASHED:
        return PowerState.CRASHED
    return PowerState.STOPPED
