# SPDX-License-Identifier: Apache-2.0
"""libvirt's states as power states."""

from __future__ import annotations

import libvirt
import pytest

from nova_xen.hypervisor.power import OFF_STATES, may_be_saved, power_state
from nova_xen.model import PowerState

OFF = libvirt.VIR_DOMAIN_SHUTOFF
UNKNOWN, SHUTDOWN = (
    libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN,
    libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN,
)
CRASHED, SAVED = libvirt.VIR_DOMAIN_SHUTOFF_CRASHED, libvirt.VIR_DOMAIN_SHUTOFF_SAVED


@pytest.mark.parametrize(
    ("state", "reason", "active", "saved", "expected"),
    [
        (libvirt.VIR_DOMAIN_RUNNING, 0, False, False, PowerState.RUNNING),
        (libvirt.VIR_DOMAIN_BLOCKED, 0, False, False, PowerState.RUNNING),
        (libvirt.VIR_DOMAIN_PAUSED, 2, False, False, PowerState.PAUSED),
        (libvirt.VIR_DOMAIN_PMSUSPENDED, 0, False, False, PowerState.PAUSED),
        (libvirt.VIR_DOMAIN_SHUTDOWN, 0, False, False, PowerState.STOPPING),
        (libvirt.VIR_DOMAIN_CRASHED, 0, False, False, PowerState.CRASHED),
        (libvirt.VIR_DOMAIN_NOSTATE, 0, False, False, PowerState.UNKNOWN),
        (99, 0, False, False, PowerState.UNKNOWN),
        (OFF, SHUTDOWN, True, False, PowerState.STOPPING),
        (OFF, CRASHED, True, False, PowerState.STOPPING),
        (OFF, SHUTDOWN, False, False, PowerState.STOPPED),
        (OFF, UNKNOWN, False, False, PowerState.STOPPED),
        (OFF, UNKNOWN, False, True, PowerState.SUSPENDED),
        (OFF, SAVED, False, True, PowerState.SUSPENDED),
        (OFF, SAVED, False, False, PowerState.STOPPED),
        (OFF, SAVED, True, False, PowerState.STOPPING),
        (OFF, CRASHED, False, False, PowerState.CRASHED),
    ],
)
def test_power_state(
    state: int, reason: int, active: bool, saved: bool, expected: PowerState
) -> None:
    assert power_state(state, reason, active=active, saved=saved) is expected


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (OFF, UNKNOWN, True),
        (OFF, SAVED, True),
        (OFF, libvirt.VIR_DOMAIN_SHUTOFF_FAILED, True),
        (OFF, SHUTDOWN, False),
        (OFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED, False),
        (OFF, libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED, False),
        (OFF, CRASHED, False),
        (1, UNKNOWN, False),
    ],
)
def test_may_be_saved(state: int, reason: int, expected: bool) -> None:
    assert may_be_saved(state, reason) is expected


def test_a_stopping_guest_is_not_off() -> None:
    assert PowerState.STOPPING not in OFF_STATES
    assert PowerState.PAUSED not in OFF_STATES
