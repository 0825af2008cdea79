# SPDX-License-Identifier: Apache-2.0
"""libvirt's real event loop, with the test driver that every libvirt has inside."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import libvirt
import pytest

from nova_xen.hypervisor import (
    Connection,
    EventLoop,
    LifecycleEvent,
    LifecycleEvents,
    LifecycleKind,
    find_guest,
)
from nova_xen.model import PowerState


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    made = EventLoop.shared()
    yield made
    assert made.stop(60)


def test_there_is_one_loop() -> None:
    assert EventLoop.shared() is EventLoop.shared()


def test_it_starts_once_and_stops(loop: EventLoop) -> None:
    loop.start()
    loop.start()
    assert loop.running
    assert loop.stop(60)
    assert not loop.running
    assert loop.stop(60)
    loop.start()
    assert loop.running


def test_events_of_a_real_libvirt(loop: EventLoop) -> None:
    connection = Connection("test:///default", opener=libvirt.open, loop=loop)
    told: queue.Queue[LifecycleEvent] = queue.Queue()
    events = LifecycleEvents(connection)
    events.subscribe(told.put)
    events.start()
    guest = find_guest(connection, "test")
    assert guest.state() is PowerState.RUNNING
    guest.suspend()
    guest.resume()
    guest.destroy()
    guest.start()
    kinds = [told.get(timeout=60).kind for _ in range(4)]
    assert kinds == [
        LifecycleKind.PAUSED,
        LifecycleKind.RESUMED,
        LifecycleKind.STOPPED,
        LifecycleKind.STARTED,
    ]
    events.stop()
    connection.close()
