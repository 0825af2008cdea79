# SPDX-License-Identifier: Apache-2.0
"""Features and clock of the virtual machine."""

from nova_xen.domain import Clock, Features
from nova_xen.model import GuestMode, Reason
from nova_xen.planning.context import Context, reason


def decide_features(context: Context) -> tuple[Features | None, tuple[Reason, ...]]:
    """PAE, ACPI and APIC for HVM; the other modes have no such machine."""
    if context.mode is not GuestMode.HVM:
        return None, ()
    why = "an HVM guest is a whole PC; without these its kernel finds one CPU only"
    chosen = reason("features", "pae, acpi, apic", why)
    return Features(pae=True, acpi=True, apic=True), (chosen,)


def decide_clock(context: Context) -> tuple[Clock, tuple[Reason, ...]]:
    """Local time for Windows, UTC for all others."""
    if context.is_windows:
        why = "os_type=windows: Windows reads the clock as local time"
        return Clock(offset="localtime"), (reason("clock", "localtime", why),)
    return Clock(offset="utc"), (reason("clock", "utc", "os_type is not windows"),)
