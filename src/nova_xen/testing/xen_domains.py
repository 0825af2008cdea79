# SPDX-License-Identifier: Apache-2.0
"""The domains of a fake host as Xen itself has them, whatever libvirt believes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass
class XenRecord:
    """One domain; memory in KiB. Suspended and ended ones stand still."""

    domid: int
    name: str
    uuid: str
    memory_kib: int = 0
    paused: bool = False
    suspended: bool = False
    ended: bool = False

    @property
    def executing(self) -> bool:
        """Whether its processors run."""
        return not (self.paused or self.suspended or self.ended)


class XenDomains:
    """The table of domains, without Domain-0, and when each was suspended."""

    def __init__(self) -> None:
        self._records: dict[int, XenRecord] = {}
        #: seconds since the epoch, by domain id; gone when it goes on
        self.suspensions: dict[int, float] = {}
        #: asked when a domain is suspended, by its id: whether it is paused too
        self.to_pause: dict[int, Callable[[], bool]] = {}

    def __iter__(self) -> Iterator[XenRecord]:
        return iter(list(self._records.values()))

    def __contains__(self, domid: int) -> bool:
        return domid in self._records

    def get(self, domid: int) -> XenRecord | None:
        """The domain of an id, None when there is none."""
        return self._records.get(domid)

    def add(self, record: XenRecord) -> XenRecord:
        """Let a domain be there."""
        self._records[record.domid] = record
        return record

    def remove(self, domid: int) -> XenRecord | None:
        """Let a domain be gone; None when it was."""
        self.to_pause.pop(domid, None)
        return self._records.pop(domid, None)

    def clear(self) -> None:
        """Lose every domain, as a host does that loses power."""
        self._records.clear()
        self.to_pause.clear()

    def named(self, name: str) -> XenRecord | None:
        """The domain of a name, which Xen's tools allow once."""
        return next((one for one in self if one.name == name), None)

    def pause(self, domid: int, paused: bool) -> bool:
        """Pause a domain or let it go on; False when it was so already, or is gone."""
        record = self.get(domid)
        if record is None or record.paused is paused:
            return False
        record.paused = paused
        return True

    def shut_down(self, domid: int) -> None:
        """Let a domain end by itself; it is there until it is cleared away."""
        record = self.get(domid)
        if record is not None:
            record.ended = True

    def suspend(self, domid: int) -> None:
        """Let a domain stand still for the last pass of a copy."""
        record = self.get(domid)
        if record is not None and not record.suspended:
            record.suspended = True
            self.suspensions[domid] = time.time()
            if (wanted := self.to_pause.pop(domid, None)) is not None:
                record.paused |= wanted()

    def resume(self, domid: int) -> bool:
        """Let a suspended domain go on, unless it is paused too; False: it is none."""
        record = self.get(domid)
        if record is None or not record.suspended:
            return False
        record.suspended = False
        self.suspensions.pop(domid, None)
        return True
