# SPDX-License-Identifier: Apache-2.0
"""libvirt's event numbers as words, and events that follow from lists."""

from __future__ import annotations

import libvirt
import pytest

from nova_xen.hypervisor.lifecycle import (
    MISSED,
    LifecycleEvent,
    LifecycleKind,
    Seen,
    from_libvirt,
    missed,
    seen_after,
)
from nova_xen.model import PowerState

K = LifecycleKind
STARTED, STOPPED = libvirt.VIR_DOMAIN_EVENT_STARTED, libvirt.VIR_DOMAIN_EVENT_STOPPED

OFF = Seen("web1", PowerState.STOPPED)
CRASHED = Seen("web1", PowerState.CRASHED)
SAVED = Seen("web1", PowerState.SUSPENDED)
ON = Seen("web1", PowerState.RUNNING, 5)
REBOOTED = Seen("web1", PowerState.RUNNING, 6)
PAUSED = Seen("web1", PowerState.PAUSED, 5)
DYING = Seen("web1", PowerState.STOPPING, 5)


@pytest.mark.parametrize(
    ("event", "detail", "kind", "word"),
    [
        (libvirt.VIR_DOMAIN_EVENT_DEFINED, 0, K.DEFINED, "added"),
        (libvirt.VIR_DOMAIN_EVENT_DEFINED, 1, K.DEFINED, "updated"),
        (libvirt.VIR_DOMAIN_EVENT_UNDEFINED, 0, K.UNDEFINED, "removed"),
        (STARTED, 0, K.STARTED, "booted"),
        (STARTED, 1, K.STARTED, "migrated"),
        (STARTED, 2, K.STARTED, "restored"),
        (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, 0, K.PAUSED, "paused"),
        (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, 1, K.PAUSED, "migrated"),
        (libvirt.VIR_DOMAIN_EVENT_RESUMED, 0, K.RESUMED, "unpaused"),
        (libvirt.VIR_DOMAIN_EVENT_RESUMED, 1, K.RESUMED, "migrated"),
        (STOPPED, 0, K.STOPPED, "shutdown"),
        (STOPPED, 1, K.STOPPED, "destroyed"),
        (STOPPED, 2, K.CRASHED, "crashed"),
        (STOPPED, 3, K.MIGRATED, "migrated"),
        (STOPPED, 4, K.SAVED, "saved"),
        (STOPPED, 5, K.STOPPED, "failed"),
        (STOPPED, 77, K.STOPPED, "77"),
        (libvirt.VIR_DOMAIN_EVENT_CRASHED, 0, K.CRASHED, "0"),
        (libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED, 0, K.PMSUSPENDED, "0"),
    ],
)
def test_numbers_as_words(event: int, detail: int, kind: K, word: str) -> None:
    made = from_libvirt("u", "web1", 5, event, detail)
    assert made == LifecycleEvent("u", "web1", kind, word, 5)


def test_an_event_that_says_nothing_here() -> None:
    event = libvirt.VIR_DOMAIN_EVENT_SHUTDOWN
    assert from_libvirt("u", "web1", 5, event, 0) is None


def test_no_domain_id() -> None:
    made = from_libvirt("u", "web1", -1, STOPPED, 5)
    assert made is not None
    assert made.domid is None


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (None, OFF, [K.DEFINED]),
        (None, ON, [K.STARTED]),
        (None, PAUSED, [K.STARTED, K.PAUSED]),
        (OFF, OFF, []),
        (OFF, ON, [K.STARTED]),
        (OFF, PAUSED, [K.STARTED, K.PAUSED]),
        (OFF, SAVED, []),
        (OFF, None, [K.UNDEFINED]),
        (ON, ON, []),
        (ON, REBOOTED, []),
        (ON, DYING, []),
        (ON, OFF, [K.STOPPED]),
        (ON, CRASHED, [K.CRASHED]),
        (ON, SAVED, [K.SAVED]),
        (ON, PAUSED, [K.PAUSED]),
        (ON, None, [K.STOPPED, K.UNDEFINED]),
        (PAUSED, ON, [K.RESUMED]),
        (PAUSED, OFF, [K.STOPPED]),
        (DYING, OFF, [K.STOPPED]),
        (SAVED, ON, [K.STARTED]),
        (CRASHED, ON, [K.STARTED]),
    ],
)
def test_what_was_missed(before: Seen | None, now: Seen | None, kinds: list[K]) -> None:
    known = {"u": before} if before else {}
    found = {"u": now} if now else {}
    events = missed(known, found)
    assert [event.kind for event in events] == kinds
    assert {event.detail for event in events} <= {MISSED}


@pytest.mark.parametrize("before", [OFF, CRASHED, SAVED, ON, PAUSED])
@pytest.mark.parametrize("now", [OFF, CRASHED, SAVED, ON, PAUSED])
def test_events_missed_once_are_not_missed_again(before: Seen, now: Seen) -> None:
    known = {"u": before}
    for event in missed(known, {"u": now}):
        known = seen_after(known, event)
    assert missed(known, {"u": now}) == ()


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (None, K.DEFINED, OFF),
        (ON, K.DEFINED, ON),
        (OFF, K.STARTED, ON),
        (ON, K.PAUSED, PAUSED),
        (PAUSED, K.RESUMED, ON),
        (ON, K.STOPPED, OFF),
        (ON, K.MIGRATED, OFF),
        (ON, K.CRASHED, CRASHED),
        (ON, K.SAVED, SAVED),
        (OFF, K.UNDEFINED, None),
        (ON, K.UNDEFINED, ON),
    ],
)
def test_what_is_known_after(before: Seen | None, kind: K, after: Seen | None) -> None:
    known = {"u": before} if before else {}
    event = LifecycleEvent("u", "web1", kind, "", 5)
    assert seen_after(known, event).get("u") == after
