# SPDX-License-Identifier: Apache-2.0
"""Delivery of events: each connection has one thread that calls its callbacks."""

from __future__ import annotations

import contextlib
import itertools
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Callback = Callable[..., Any]


@dataclass(frozen=True)
class Registration:
    """One callback of a connection: for an event id, maybe for one guest only."""

    event_id: int
    uuid: str | None
    callback: Callback
    opaque: object


class EventLoop:
    """Calls callbacks in order on a thread of its own, as libvirt's loop does.

    The thread starts with the first job, so that tests without events have none.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def call(self, job: Callable[[], None]) -> None:
        """Queue a job; an exception in it is printed and does not stop the loop."""
        with self._lock:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="fake-libvirt-events", daemon=True
                )
                self._thread.start()

    def settle(self, timeout: float) -> bool:
        """Wait until every job queued so far has run; False after `timeout` seconds."""
        if self._thread is None or threading.current_thread() is self._thread:
            return True
        done = threading.Event()
        self.call(done.set)
        return done.wait(timeout)

    def stop(self) -> None:
        """End the thread after the jobs already queued."""
        with self._lock:
            if self._thread is not None:
                self._jobs.put(None)
                self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                traceback.print_exc(file=sys.stderr)


class Registry:
    """The callbacks of one connection."""

    def __init__(self) -> None:
        self.loop = EventLoop()
        self._ids = itertools.count()
        self._registrations: dict[int, Registration] = {}

    def __len__(self) -> int:
        return len(self._registrations)

    def tracks(self, event_id: int, uuid: str | None) -> bool:
        """Tell whether there is a callback for this event of this guest (None: all)."""
        return any(
            (each.event_id, each.uuid) == (event_id, uuid)
            for each in self._registrations.values()
        )

    def add(self, registration: Registration) -> int:
        """Keep a callback and return the id that removes it."""
        number = next(self._ids)
        self._registrations[number] = registration
        return number

    def remove(self, number: int) -> bool:
        """Forget a callback; False when there is none of that id."""
        return self._registrations.pop(number, None) is not None

    def wanting(self, event_id: int, uuid: str) -> list[tuple[int, Registration]]:
        """Return the callbacks for this event of this guest."""
        return [
            (number, registration)
            for number, registration in list(self._registrations.items())
            if registration.event_id == event_id and registration.uuid in (None, uuid)
        ]

    def still_has(self, number: int) -> bool:
        """Tell whether a callback was not removed since its event was queued."""
        return number in self._registrations

    def clear(self) -> None:
        """Forget all callbacks and end the thread."""
        self._registrations.clear()
        with contextlib.suppress(RuntimeError):
            self.loop.stop()
