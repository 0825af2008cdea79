# SPDX-License-Identifier: Apache-2.0
"""libvirt's states of a domain as power states; a pure decision.

On Xen a guest that ended is listed as shut off for some seconds while its domain
still exists: it can neither be started nor deleted then, so it counts as stopping.

A guest that is off is suspended when there is saved memory to go on with, whatever
libvirt's reason says: "saved" stays after a restore that failed and after the memory
was thrown away, and a restart of libvirtd forgets it (seen on libvirt 9.0).
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

#: reasons to be off that a saved guest never has: it has run since
_ENDED = frozenset(
    {
        libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN,
        libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED,
        libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
        libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED,
    }
)


def is_shut_off(state: int) -> bool:
    """Whether more must be asked: is there a domain still, is there a saved one."""
    return bool(state == libvirt.VIR_DOMAIN_SHUTOFF)


def may_be_saved(state: int, reason: int) -> bool:
    """Whether files of saved memory are to be looked for: nothing says it ran since."""
    return is_shut_off(state) and reason not in _ENDED


def power_state(
    state: int, reason: int, *, active: bool = False, saved: bool = False
) -> PowerState:
    """The power state; ``active`` and ``saved`` count only for a shut off guest."""
    if not is_shut_off(state):
        return _STATES.get(state, PowerState.UNKNOWN)
    if active:
        return PowerState.STOPPING
    if saved:
        return PowerState.SUSPENDED
    if reason == libvirt.VIR_DOMAIN_SHUTOFF_CRASHED:
        return PowerState.CRASHED
    return PowerState.STOPPED
