# SPDX-License-Identifier: Apache-2.0
"""Events from a fake libvirtd to a handler, through restarts of the daemon."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import (
    Connection,
    EventOptions,
    Guest,
    LifecycleEvent,
    LifecycleEvents,
    LifecycleKind,
    Timing,
)
from nova_xen.testing import FakeHost

from .conftest import MakeGuest
from .test_errors import libvirt_error

K = LifecycleKind
OPTIONS = EventOptions(timing=Timing(window=0.5), first_retry=0.01, last_retry=0.05)


class Told:
    """What the handler was told, in order."""

    def __init__(self) -> None:
        self._queue: queue.Queue[LifecycleEvent] = queue.Queue()

    def __call__(self, event: LifecycleEvent) -> None:
        self._queue.put(event)

    def next(self) -> LifecycleEvent:
        return self._queue.get(timeout=60)

    def kinds(self, count: int) -> list[tuple[str, K]]:
        events = [self.next() for _ in range(count)]
        return [(event.name, event.kind) for event in events]


class Opener:
    """Fails as often as told, then opens."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.failures = 0

    def __call__(self, uri: str) -> Any:
        if self.failures:
            self.failures -= 1
            raise libvirt_error(38, libvirt.VIR_FROM_RPC, "Connection refused")
        return self.host.connect(uri)


@pytest.fixture
def opener(host: FakeHost) -> Opener:
    return Opener(host)


@pytest.fixture
def connection(opener: Opener) -> Connection:
    return Connection(opener=opener)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def events(
    connection: Connection, told: Told, guest: Guest
) -> Iterator[LifecycleEvents]:
    """Events that run already; ``guest`` was there before."""
    made = LifecycleEvents(connection, options=OPTIONS)
    made.subscribe(told)
    made.start()
    yield made
    made.stop()


def test_a_life(events: LifecycleEvents, guest: Guest, told: Told) -> None:
    guest.start()
    guest.suspend()
    guest.resume()
    guest.destroy()
    guest.undefine()
    kinds = [kind for _, kind in told.kinds(5)]
    assert kinds == [K.STARTED, K.PAUSED, K.RESUMED, K.STOPPED, K.UNDEFINED]


def test_a_reboot_is_no_stop(
    events: LifecycleEvents, guest: Guest, told: Told, host: FakeHost
) -> None:
    guest.start()
    first = told.next()
    guest.reboot()
    second = told.next()
    host.guest_reboots("web1")
    third = told.next()
    guest.shutdown()
    last = told.next()
    assert [each.kind for each in (first, second, third)] == [K.STARTED] * 3
    assert (last.kind, last.domid) == (K.STOPPED, third.domid)


def test_a_crash(
    events: LifecycleEvents, guest: Guest, told: Told, host: FakeHost
) -> None:
    guest.start()
    host.guest_crashes("web1")
    assert told.kinds(2) == [("web1", K.STARTED), ("web1", K.CRASHED)]


def test_what_happened_without_libvirtd_is_told_afterwards(
    events: LifecycleEvents,
    make_guest: MakeGuest,
    guest: Guest,
    told: Told,
    host: FakeHost,
    opener: Opener,
) -> None:
    other = make_guest("web2")
    guest.start()
    assert told.kinds(2) == [("web2", K.DEFINED), ("web1", K.STARTED)]
    opener.failures = 5
    host.break_connection()
    direct = host.connect()
    direct.lookupByName("web1").destroy()
    direct.lookupByName("web2").create()
    missed = {(event.name, event.kind) for event in (told.next(), told.next())}
    assert missed == {("web1", K.STOPPED), ("web2", K.STARTED)}
    assert opener.failures == 0
    other.destroy()
    assert told.kinds(1) == [("web2", K.STOPPED)]


def test_events_go_on_when_somebody_else_reopened(
    events: LifecycleEvents, guest: Guest, told: Told, host: FakeHost
) -> None:
    host.break_connection()
    guest.start()
    assert told.kinds(1) == [("web1", K.STARTED)]
    guest.destroy()
    assert K.STOPPED in [kind for _, kind in told.kinds(1)]


def test_a_query_that_fails_once_is_made_up_for(
    events: LifecycleEvents, guest: Guest, told: Told, host: FakeHost
) -> None:
    guest.start()
    assert told.kinds(1) == [("web1", K.STARTED)]
    host.fail_next("isActive")
    guest.shutdown()
    assert told.kinds(1) == [("web1", K.STOPPED)]


def test_a_failing_handler_harms_nobody(
    events: LifecycleEvents, guest: Guest, told: Told
) -> None:
    def fail(event: LifecycleEvent) -> None:
        raise RuntimeError("a handler's own mistake")

    second = Told()
    events.subscribe(fail)
    events.subscribe(second)
    guest.start()
    guest.destroy()
    assert (
        told.kinds(2) == second.kinds(2) == [("web1", K.STARTED), ("web1", K.STOPPED)]
    )


def test_a_handler_may_ask_libvirt(
    events: LifecycleEvents, guest: Guest, told: Told
) -> None:
    states: queue.Queue[str] = queue.Queue()
    events.subscribe(lambda event: states.put(guest.state()))
    guest.start(paused=True)
    assert states.get(timeout=60) == "paused"


def test_without_libvirtd_they_do_not_start(
    connection: Connection, opener: Opener
) -> None:
    opener.failures = 1
    with pytest.raises(exceptions.HypervisorUnavailable):
        LifecycleEvents(connection).start()


def test_stopped_they_take_their_callbacks_back(
    events: LifecycleEvents, guest: Guest, told: Told, connection: Connection
) -> None:
    guest.start()
    told.next()
    events.stop()
    assert connection.calls["domainEventDeregisterAny"] == 1
    assert connection.calls["unregisterCloseCallback"] == 1


@pytest.mark.parametrize("act", [Guest.destroy, Guest.shutdown])
def test_a_guest_that_was_running_before_is_known(
    connection: Connection,
    guest: Guest,
    told: Told,
    act: Callable[[Guest], object],
) -> None:
    guest.start()
    events = LifecycleEvents(connection, options=OPTIONS)
    events.subscribe(told)
    events.start()
    act(guest)
    assert told.kinds(1) == [("web1", K.STOPPED)]
    events.stop()
