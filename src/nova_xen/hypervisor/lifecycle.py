# SPDX-License-Identifier: Apache-2.0
"""What happens to guests, in our words, and what a list of guests tells was missed.

The numbers are libvirt's virDomainEventType and the detail enums beside it.
"""

import dataclasses
import enum
from collections.abc import Mapping

import libvirt

from nova_xen.hypervisor.power import OFF_STATES
from nova_xen.model import PowerState

#: the detail of an event that was not seen but follows from a list of guests
MISSED = "missed"


class LifecycleKind(enum.StrEnum):
    """What happened to a guest."""

    DEFINED = "defined"
    UNDEFINED = "undefined"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    PMSUSPENDED = "pmsuspended"
    STOPPED = "stopped"
    CRASHED = "crashed"
    SAVED = "saved"
    MIGRATED = "migrated"


@dataclasses.dataclass(frozen=True)
class LifecycleEvent:
    """``detail`` is libvirt's word for how; ``domid`` Xen's id, where it is known."""

    uuid: str
    name: str
    kind: LifecycleKind
    detail: str = ""
    domid: int | None = None


@dataclasses.dataclass(frozen=True)
class Seen:
    """A guest as it was last seen."""

    name: str
    state: PowerState
    domid: int | None = None


_KINDS = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: LifecycleKind.DEFINED,
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: LifecycleKind.UNDEFINED,
    libvirt.VIR_DOMAIN_EVENT_STARTED: LifecycleKind.STARTED,
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: LifecycleKind.PAUSED,
    libvirt.VIR_DOMAIN_EVENT_RESUMED: LifecycleKind.RESUMED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED: LifecycleKind.STOPPED,
    libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED: LifecycleKind.PMSUSPENDED,
    libvirt.VIR_DOMAIN_EVENT_CRASHED: LifecycleKind.CRASHED,
}

_STOPS = {
    libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED: LifecycleKind.CRASHED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED: LifecycleKind.MIGRATED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED: LifecycleKind.SAVED,
}

_DETAILS: Mapping[int, tuple[str, ...]] = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: ("added", "updated", "renamed", "snapshot"),
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: ("removed", "renamed"),
    libvirt.VIR_DOMAIN_EVENT_STARTED: (
        "booted",
        "migrated",
        "restored",
        "snapshot",
        "wakeup",
    ),
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: ("paused", "migrated", "ioerror", "watchdog"),
    libvirt.VIR_DOMAIN_EVENT_RESUMED: ("unpaused", "migrated", "snapshot"),
    libvirt.VIR_DOMAIN_EVENT_STOPPED: (
        "shutdown",
        "destroyed",
        "crashed",
        "migrated",
        "saved",
        "failed",
        "snapshot",
    ),
}


def from_libvirt(
    uuid: str, name: str, domid: int, event: int, detail: int
) -> LifecycleEvent | None:
    """libvirt's numbers as an event; None for an event that says nothing here."""
    kind = _KINDS.get(event)
    if kind is None:
        return None
    if event == libvirt.VIR_DOMAIN_EVENT_STOPPED:
        kind = _STOPS.get(detail, kind)
    words = _DETAILS.get(event, ())
    word = words[detail] if 0 <= detail < len(words) else str(detail)
    return LifecycleEvent(uuid, name, kind, word, None if domid < 0 else domid)


_AFTER = {
    LifecycleKind.STARTED: PowerState.RUNNING,
    LifecycleKind.RESUMED: PowerState.RUNNING,
    LifecycleKind.PAUSED: PowerState.PAUSED,
    LifecycleKind.PMSUSPENDED: PowerState.PAUSED,
    LifecycleKind.STOPPED: PowerState.STOPPED,
    LifecycleKind.MIGRATED: PowerState.STOPPED,
    LifecycleKind.CRASHED: PowerState.CRASHED,
    LifecycleKind.SAVED: PowerState.SUSPENDED,
}


def seen_after(known: Mapping[str, Seen], event: LifecycleEvent) -> dict[str, Seen]:
    """What is known of all guests once ``event`` was told."""
    told = dict(known)
    if event.kind is LifecycleKind.UNDEFINED:
        before = told.pop(event.uuid, None)
        if before is not None and before.state not in OFF_STATES:
            told[event.uuid] = before  # it runs on without a definition
    elif event.kind is LifecycleKind.DEFINED:
        told.setdefault(event.uuid, Seen(event.name, PowerState.STOPPED))
    else:
        state = _AFTER[event.kind]
        domid = None if state in OFF_STATES else event.domid
        told[event.uuid] = Seen(event.name, state, domid)
    return told


def missed(
    known: Mapping[str, Seen], found: Mapping[str, Seen]
) -> tuple[LifecycleEvent, ...]:
    """The events that lead from what was known to what a list has found."""
    made: list[LifecycleEvent] = []
    for uuid in sorted({*known, *found}):
        before, now = known.get(uuid), found.get(uuid)
        for kind in _missed_kinds(before, now):
            name = now.name if now else before.name if before else uuid
            domid = now.domid if now else None
            made.append(LifecycleEvent(uuid, name, kind, MISSED, domid))
    return tuple(made)


_OFF_KINDS = {
    PowerState.STOPPED: LifecycleKind.STOPPED,
    PowerState.CRASHED: LifecycleKind.CRASHED,
    PowerState.SUSPENDED: LifecycleKind.SAVED,
}


def _missed_kinds(before: Seen | None, now: Seen | None) -> tuple[LifecycleKind, ...]:
    ran = before is not None and before.state not in OFF_STATES
    if now is None:
        gone = LifecycleKind.UNDEFINED
        return (LifecycleKind.STOPPED, gone) if ran else (gone,)
    if now.state in OFF_STATES:
        if ran:
            return (_OFF_KINDS[now.state],)
        return () if before else (LifecycleKind.DEFINED,)
    return _missed_while_on(before if ran else None, now)


def _missed_while_on(before: Seen | None, now: Seen) -> tuple[LifecycleKind, ...]:
    """``before`` is None when the guest did not run; a reboot tells nothing."""
    paused = now.state is PowerState.PAUSED
    if before is None:
        started = LifecycleKind.STARTED
        return (started, LifecycleKind.PAUSED) if paused else (started,)
    if paused != (before.state is PowerState.PAUSED):
        return (LifecycleKind.PAUSED if paused else LifecycleKind.RESUMED,)
    return ()
