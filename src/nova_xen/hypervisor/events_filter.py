# SPDX-License-Identifier: Apache-2.0
"""A guest's own reboot is not a stop: a small state machine without I/O.

libxl has no event for a reboot. The guest comes back with a new domain id, and
libvirt tells of STARTED (new id) and then STOPPED (old id) almost together, since
it queues the stop when the whole restart is done; the other order must do as well.

So when a guest ended by itself its stop is held for a window and then judged:

=============  ========  =====================================================
started anew   active    the stop is
=============  ========  =====================================================
yes            yes       dropped, it was a reboot
yes            no        told, the new run has ended too
no             yes       held on while it is being built, told after patience
no             no        told
=============  ========  =====================================================

Everything else (a forced stop, a save, a migration) is told at once.
"""

import dataclasses
from collections.abc import Callable, Mapping

from nova_xen.hypervisor.lifecycle import LifecycleEvent, LifecycleKind

_ENDS = {
    LifecycleKind.STOPPED,
    LifecycleKind.CRASHED,
    LifecycleKind.SAVED,
    LifecycleKind.MIGRATED,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds: how long a stop is held, and at most while a domain is being built."""

    window: float = 15.0
    patience: float = 120.0


@dataclasses.dataclass(frozen=True)
class Held:
    """A stop that is not told yet; ``due`` is when it is judged next."""

    event: LifecycleEvent
    since: float
    due: float


@dataclasses.dataclass(frozen=True)
class Start:
    """The latest start of a guest."""

    domid: int | None
    at: float


@dataclasses.dataclass(frozen=True)
class FilterState:
    """What the machine remembers, by UUID."""

    held: Mapping[str, Held] = dataclasses.field(default_factory=dict)
    started: Mapping[str, Start] = dataclasses.field(default_factory=dict)


Told = tuple[LifecycleEvent, ...]


def ended_by_itself(event: LifecycleEvent) -> bool:
    """Whether the guest itself made this end, so that it may be a restart."""
    if event.kind is LifecycleKind.CRASHED:
        return True
    return event.kind is LifecycleKind.STOPPED and event.detail == "shutdown"


def feed(
    state: FilterState, event: LifecycleEvent, now: float, timing: Timing
) -> tuple[FilterState, Told]:
    """Take an event in at the time ``now`` (seconds); what is to be told at once."""
    if ended_by_itself(event):
        held = {**state.held, event.uuid: Held(event, now, now + timing.window)}
        return dataclasses.replace(state, held=held), ()
    if event.kind is LifecycleKind.STARTED:
        recent = _recent(state.started, state.held, now, timing)
        started = {**recent, event.uuid: Start(event.domid, now)}
        return dataclasses.replace(state, started=started), (event,)
    if event.kind in _ENDS:
        return _without(state, {event.uuid}), (event,)
    if event.kind is LifecycleKind.UNDEFINED and event.uuid in state.held:
        stop = state.held[event.uuid].event
        return _without(state, {event.uuid}), (stop, event)
    return state, (event,)


def judge(
    state: FilterState,
    now: float,
    timing: Timing,
    is_active: Callable[[str], bool],
) -> tuple[FilterState, Told]:
    """Judge the stops that are due; ``is_active(uuid)`` is asked for those alone."""
    left = dict(state.held)
    told: list[LifecycleEvent] = []
    for uuid, held in state.held.items():
        if held.due > now:
            continue
        del left[uuid]
        active = is_active(uuid)
        anew = _started_anew(held, state.started.get(uuid), timing)
        if active and not anew and now < held.since + timing.patience:
            left[uuid] = dataclasses.replace(held, due=now + timing.window)
        elif not (active and anew):
            told.append(held.event)
    started = _recent(state.started, left, now, timing)
    return FilterState(left, started), tuple(told)


def next_due(state: FilterState) -> float | None:
    """When ``judge`` has something to do next; None when nothing is held."""
    return min((held.due for held in state.held.values()), default=None)


def _started_anew(held: Held, start: Start | None, timing: Timing) -> bool:
    if start is None or start.at < held.since - timing.window:
        return False
    return start.domid is None or start.domid != held.event.domid


def _recent(
    started: Mapping[str, Start],
    held: Mapping[str, Held],
    now: float,
    timing: Timing,
) -> dict[str, Start]:
    return {
        uuid: start
        for uuid, start in started.items()
        if uuid in held or start.at >= now - timing.window
    }


def _without(state: FilterState, uuids: set[str]) -> FilterState:
    held = {uuid: one for uuid, one in state.held.items() if uuid not in uuids}
    return dataclasses.replace(state, held=held)
