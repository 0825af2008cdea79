# SPDX-License-Identifier: Apache-2.0
"""Where a migration can be held, and what holds it there."""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nova_xen.testing.migration import Migration


class Point(enum.IntEnum):
    """How far a migration has come; at each one the hosts are as real Xen has them."""

    #: the destination's libvirt has a record with id -1
    PREPARED = enum.auto()
    #: memory goes over; the destination has a paused domain that libvirt does not see
    COPYING = enum.auto()
    #: the guest stands still at the source
    STOPPED = enum.auto()
    #: its whole memory is at the destination, whose libvirt shows it paused
    RECEIVED = enum.auto()
    #: it runs at the destination; the source still has its old domain
    STARTED = enum.auto()
    #: the source's domain is gone; the caller has no answer yet
    CONFIRMED = enum.auto()


class Copying:
    """A point of coming migrations: held there, then let go or broken."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._go = threading.Event()
        self._broken = False

    def finish(self) -> None:
        """Let the migration go on."""
        self._go.set()

    def break_off(self) -> None:
        """Cut the stream, as closing its socket at the source does."""
        self._broken = True
        self._go.set()

    def hold(self, migration: Migration) -> None:
        """Wait until told to go on, or until the migration has ended otherwise."""
        migration.when_over(self._go.set)
        self.entered.set()
        self._go.wait()
        if self._broken:
            migration.cut()
