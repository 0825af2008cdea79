# SPDX-License-Identifier: Apache-2.0
"""A reboot is not a stop: the table of the filter, in made-up time."""

from __future__ import annotations

import dataclasses

import pytest

from nova_xen.hypervisor.events_filter import (
    FilterState,
    Timing,
    feed,
    judge,
    next_due,
)
from nova_xen.hypervisor.lifecycle import LifecycleEvent, LifecycleKind

K = LifecycleKind
TIMING = Timing(window=10, patience=60)


def event(kind: K, detail: str = "", domid: int | None = 5) -> LifecycleEvent:
    return LifecycleEvent("u", "web1", kind, detail, domid)


def start(domid: int | None = 6) -> LifecycleEvent:
    return event(K.STARTED, "booted", domid)


def stop(domid: int | None = 5) -> LifecycleEvent:
    return event(K.STOPPED, "shutdown", domid)


@dataclasses.dataclass
class Machine:
    """The filter with its state and all it told."""

    state: FilterState = dataclasses.field(default_factory=FilterState)
    told: list[LifecycleEvent] = dataclasses.field(default_factory=list)
    asked: list[str] = dataclasses.field(default_factory=list)

    def feed(self, now: float, one: LifecycleEvent) -> None:
        self.state, told = feed(self.state, one, now, TIMING)
        self.told += told

    def judge(self, now: float, *, active: bool) -> None:
        def is_active(uuid: str) -> bool:
            self.asked.append(uuid)
            return active

        self.state, told = judge(self.state, now, TIMING, is_active)
        self.told += told

    @property
    def kinds(self) -> list[K]:
        return [one.kind for one in self.told]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize(
    ("events", "active", "kinds"),
    [
        # the guest ended for good
        ([(0, stop())], False, [K.STOPPED]),
        # a reboot as libvirt 9 tells it, and in the other order
        ([(0, start()), (0, stop())], True, [K.STARTED]),
        ([(0, stop()), (0, start())], True, [K.STARTED]),
        ([(0, stop()), (9, start())], True, [K.STARTED]),
        # ids are not always known
        ([(0, start(None)), (1, stop(None))], True, [K.STARTED]),
        # it ended soon after its start: the same run
        ([(0, start(5)), (1, stop(5))], False, [K.STARTED, K.STOPPED]),
        # restarted, and the new run ended as well: one stop
        ([(0, start(6)), (0, stop(5)), (1, stop(6))], False, [K.STARTED, K.STOPPED]),
        # a crash with on_crash=restart
        ([(0, start()), (0, event(K.CRASHED, "crashed"))], True, [K.STARTED]),
        ([(0, event(K.CRASHED, "crashed"))], False, [K.CRASHED]),
        # the restart failed
        ([(0, start()), (0, stop())], False, [K.STARTED, K.STOPPED]),
    ],
)
def test_once_the_window_is_over(
    machine: Machine,
    events: list[tuple[float, LifecycleEvent]],
    active: bool,
    kinds: list[K],
) -> None:
    for now, one in events:
        machine.feed(now, one)
    machine.judge(events[-1][0] + TIMING.window, active=active)
    assert machine.kinds == kinds
    assert next_due(machine.state) is None


@pytest.mark.parametrize(
    "one",
    [
        event(K.STOPPED, "destroyed"),
        event(K.STOPPED, "failed"),
        event(K.SAVED, "saved"),
        event(K.MIGRATED, "migrated"),
        event(K.STARTED, "booted"),
        event(K.PAUSED, "paused"),
        event(K.RESUMED, "unpaused"),
        event(K.PMSUSPENDED),
        event(K.DEFINED, "added"),
        event(K.UNDEFINED, "removed"),
    ],
)
def test_told_at_once(machine: Machine, one: LifecycleEvent) -> None:
    machine.feed(0, one)
    assert machine.told == [one]
    assert next_due(machine.state) is None


def test_a_stop_is_held_until_its_time(machine: Machine) -> None:
    machine.feed(3, stop())
    assert next_due(machine.state) == 13
    machine.judge(12.9, active=False)
    assert machine.told == []
    assert machine.asked == []
    machine.judge(13, active=False)
    assert machine.told == [stop()]
    assert machine.asked == ["u"]


def test_a_start_long_before_does_not_hide_a_stop(machine: Machine) -> None:
    machine.feed(0, start(6))
    machine.feed(11, stop(5))
    machine.judge(200, active=True)
    assert machine.kinds == [K.STARTED, K.STOPPED]


def test_a_guest_being_built_is_waited_for(machine: Machine) -> None:
    """The stop came first and the restart takes longer than the window."""
    machine.feed(0, stop(5))
    machine.judge(10, active=True)
    assert machine.told == []
    assert next_due(machine.state) == 20
    machine.feed(18, start(6))
    machine.judge(20, active=True)
    assert machine.kinds == [K.STARTED]


def test_the_start_of_the_run_that_ended_is_no_restart(machine: Machine) -> None:
    """Its domain is still there for a moment, as Xen leaves it for some seconds."""
    machine.feed(0, start(5))
    machine.feed(1, stop(5))
    machine.judge(11, active=True)
    assert machine.kinds == [K.STARTED]
    machine.judge(21, active=False)
    assert machine.kinds == [K.STARTED, K.STOPPED]


def test_patience_ends(machine: Machine) -> None:
    """on_poweroff=preserve keeps a dead guest's domain for ever."""
    machine.feed(0, stop(5))
    for now in range(10, 61, 10):
        assert machine.told == []
        machine.judge(now, active=True)
    assert machine.told == [stop(5)]


@pytest.mark.parametrize(
    "later",
    [event(K.STOPPED, "destroyed"), event(K.SAVED), event(K.MIGRATED, "migrated")],
)
def test_a_later_end_stands_for_the_held_one(
    machine: Machine, later: LifecycleEvent
) -> None:
    machine.feed(0, stop())
    machine.feed(1, later)
    machine.judge(100, active=False)
    assert machine.told == [later]


def test_the_stop_comes_before_the_end_of_the_definition(machine: Machine) -> None:
    machine.feed(0, stop())
    machine.feed(1, event(K.UNDEFINED, "removed"))
    assert machine.kinds == [K.STOPPED, K.UNDEFINED]


def test_guests_are_told_apart(machine: Machine) -> None:
    other = dataclasses.replace(start(6), uuid="v")
    machine.feed(0, stop(5))
    machine.feed(0, other)
    machine.judge(10, active=False)
    assert machine.told == [other, stop(5)]


def test_old_starts_are_forgotten(machine: Machine) -> None:
    for number in range(100):
        one = dataclasses.replace(start(), uuid=f"u{number}")
        machine.feed(number * 100, one)
    assert len(machine.state.started) == 1
