# SPDX-License-Identifier: Apache-2.0
"""Remember the life-cycle events of a connection and wait for them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import libvirt

# Real guests take minutes under emulation; nothing depends on the exact length.
_WAIT_SECONDS = 180.0


@dataclass(frozen=True)
class Seen:
    """One event: whose, what, why, and the domain id it names."""

    name: str
    event: int
    detail: int
    id: int


class Recorder:
    """The events seen since it was made, oldest first."""

    def __init__(self, connection: Any) -> None:
        self._seen: list[Seen] = []
        self._changed = threading.Condition()
        self._connection = connection
        self._number = connection.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._remember, None
        )

    def _remember(
        self, connection: Any, domain: Any, event: int, detail: int, opaque: object
    ) -> None:
        with self._changed:
            self._seen.append(Seen(domain.name(), event, detail, domain.ID()))
            self._changed.notify_all()

    def wait(self, name: str, count: int) -> list[Seen]:
        """Return a guest's first `count` events, once they came."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._of(name)) >= count, _WAIT_SECONDS)
            seen = self._of(name)
        if len(seen) < count:
            raise AssertionError(f"{count} events of {name} expected, saw {seen}")
        return seen[:count]

    def wait_pairs(self, name: str, count: int) -> list[tuple[int, int]]:
        """Return a guest's first `count` events as pairs of event and detail."""
        return [(seen.event, seen.detail) for seen in self.wait(name, count)]

    def _of(self, name: str) -> list[Seen]:
        return [seen for seen in self._seen if seen.name == name]

    def stop(self) -> None:
        """Listen no more."""
        self._connection.domainEventDeregisterAny(self._number)
