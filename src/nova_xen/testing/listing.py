# SPDX-License-Identifier: Apache-2.0
"""Which guests the flags of listAllDomains ask for."""

from __future__ import annotations

from collections.abc import Callable

import libvirt

from nova_xen.testing.guest import Guest

_Test = Callable[[Guest], bool]
_RUNNING, _PAUSED = libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED
_SHUTOFF = libvirt.VIR_DOMAIN_SHUTOFF

# Flags of one group add up; groups narrow each other (libvirt's own rule).
_GROUPS: tuple[dict[int, _Test], ...] = (
    {
        libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE: lambda guest: guest.active,
        libvirt.VIR_CONNECT_LIST_DOMAINS_INACTIVE: lambda guest: not guest.active,
    },
    {
        libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT: lambda guest: guest.persistent,
        libvirt.VIR_CONNECT_LIST_DOMAINS_TRANSIENT: lambda guest: not guest.persistent,
    },
    {
        libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING: lambda guest: guest.state == _RUNNING,
        libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED: lambda guest: guest.state == _PAUSED,
        libvirt.VIR_CONNECT_LIST_DOMAINS_SHUTOFF: lambda guest: guest.state == _SHUTOFF,
        libvirt.VIR_CONNECT_LIST_DOMAINS_OTHER: lambda guest: (
            guest.state not in (_RUNNING, _PAUSED, _SHUTOFF)
        ),
    },
    {
        libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE: lambda guest: guest.saved,
        libvirt.VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE: lambda guest: not guest.saved,
    },
    {
        libvirt.VIR_CONNECT_LIST_DOMAINS_AUTOSTART: lambda guest: guest.autostart,
        libvirt.VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART: lambda guest: (
            not guest.autostart
        ),
    },
    {
        libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT: lambda guest: False,
        libvirt.VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT: lambda guest: True,
    },
)


def wanted(guest: Guest, flags: int) -> bool:
    """Tell whether the flags of listAllDomains ask for this guest."""
    return all(
        any(test(guest) for flag, test in group.items() if flags & flag)
        for group in _GROUPS
        if any(flags & flag for flag in group)
    )
