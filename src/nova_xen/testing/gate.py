# SPDX-License-Identifier: Apache-2.0
"""The door every call passes: a log of calls, failures on demand, hanging calls."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call that reached the fake: its method, the guest's name, its arguments."""

    method: str
    guest: str | None
    arguments: tuple[Any, ...]


@dataclass
class Fault:
    """What shall happen to the next call of an operation.

    `after` lets the call take effect first: the answer alone is lost.
    """

    operation: str
    error: BaseException
    guest: str | None = None
    after: bool = False
    skip: int = 0


@dataclass
class Hang:
    """A call of an operation blocks until `release` is set."""

    operation: str
    guest: str | None = None
    release: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)


class Gate:
    """Keeps what was called and what shall go wrong."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._faults: list[Fault] = []
        self._hangs: list[Hang] = []
        self._lock = threading.Lock()

    def add_fault(self, fault: Fault) -> None:
        """Let a coming call fail."""
        with self._lock:
            self._faults.append(fault)

    def add_hang(self, hang: Hang) -> None:
        """Let coming calls block until released."""
        with self._lock:
            self._hangs.append(hang)

    def release(self) -> None:
        """Let every blocked call go on and none block any more."""
        with self._lock:
            hangs, self._hangs = self._hangs, []
        for hang in hangs:
            hang.release.set()

    @contextlib.contextmanager
    def passing(
        self, names: tuple[str, ...], guest: str | None, arguments: tuple[Any, ...]
    ) -> Iterator[None]:
        """Log a call, block it or let it fail as the test asked."""
        with self._lock:
            self.calls.append(Call(names[0], guest, arguments))
            hangs = [hang for hang in self._hangs if _meant(hang, names, guest)]
        for hang in hangs:
            hang.entered.set()
            hang.release.wait()
        fault = self._take(names, guest)
        if fault is not None and not fault.after:
            raise fault.error
        yield
        if fault is not None:
            raise fault.error

    def _take(self, names: tuple[str, ...], guest: str | None) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if not _meant(fault, names, guest):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                self._faults.remove(fault)
                return fault
        return None


def _meant(plan: Fault | Hang, names: tuple[str, ...], guest: str | None) -> bool:
    return plan.operation in names and plan.guest in (None, guest)
