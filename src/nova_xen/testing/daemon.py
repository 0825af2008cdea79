# SPDX-License-Identifier: Apache-2.0
"""The life of a fake host itself: its libvirtd, its power, its link to others."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.copying import Copying, Point
from nova_xen.testing.errors import Origin
from nova_xen.testing.gate import Gate
from nova_xen.testing.guest import DOMAIN_0, Guest
from nova_xen.testing.life import Life
from nova_xen.testing.network import Network

if TYPE_CHECKING:
    from nova_xen.testing.connection import FakeConnection
    from nova_xen.testing.migration import Migration

Hold = Callable[["Migration"], object]
_SOCKET = "/var/run/libvirt/libvirt-sock"


class Daemon(Life):
    """The part of a host that can die."""

    hostname: str
    gate: Gate
    network: Network
    changed: threading.Condition
    _connections: weakref.WeakSet[FakeConnection]

    def __init__(self) -> None:
        super().__init__()
        #: whether libvirtd answers, and whether the host's cable is in
        self.answers = True
        self.linked = True
        #: whether libvirt can resume a suspended domain after a failed migration
        self.resumes = True
        #: those under way, from here and to here
        self.migrations: set[Migration] = set()
        self._holds: list[tuple[Point, Hold]] = []

    @property
    def reachable(self) -> bool:
        """Whether other hosts can reach this one's libvirtd."""
        return self.answers and self.linked

    def require_daemon(self) -> None:
        """Refuse a connection as libvirt does when no libvirtd listens."""
        if not self.answers:
            detail = f"Failed to connect socket to '{_SOCKET}': Connection refused"
            code = libvirt.VIR_ERR_SYSTEM_ERROR
            raise errors.error(code, detail, Origin.RPC)

    def break_connection(self) -> None:
        """Act as if libvirtd was restarted: connections die, guests run on."""
        self._lose(power=False)
        connections = self._hang_up()
        self._rise()
        self._tell(connections)

    def kill_daemon(self) -> None:
        """Kill libvirtd (-9): nothing answers until it is started again.

        A migration under way leaves what real Xen leaves; see interruption.py.
        """
        self._lose(power=False)
        self.answers = False
        self._tell(self._hang_up())

    def start_daemon(self) -> None:
        """Start libvirtd, which takes up again the guests it can see."""
        self._rise()
        self.answers = True

    def power_off(self) -> None:
        """Cut the power: every domain is gone, definitions stay."""
        self._lose(power=True)
        self.answers = False
        with self.lock:
            self.xen.clear()
            self.xen.suspensions.clear()
        self._tell(self._hang_up())

    def power_on(self) -> None:
        """Boot the host and its libvirtd; Xen counts its domains anew."""
        with self.lock:
            self._next_id = 1
        self.start_daemon()

    def unplug(self) -> None:
        """Cut the link to the other hosts."""
        self.linked = False
        for migration in list(self.migrations):
            migration.part()

    def plug(self) -> None:
        """Mend the link to the other hosts."""
        self.linked = True

    def hold_migration(self, point: Point = Point.COPYING) -> Copying:
        """Let the next migration from here wait at a point.

        `entered` is set when it is there; `finish()` or `break_off()` ends the wait.
        """
        copying = Copying()
        self.at(point, copying.hold)
        return copying

    def at(self, point: Point, act: Hold) -> None:
        """Call `act(migration)` when the next migration from here reaches a point.

        An exception of it ends the call that migrates and not the migration: it
        stands for the death of the process that called.
        """
        self._holds.append((point, act))

    def take_hold(self, point: Point) -> Hold:
        """Return what was asked for a point, once, or what does nothing."""
        for asked in self._holds:
            if asked[0] is point:
                self._holds.remove(asked)
                return asked[1]
        return lambda migration: None

    def destroy_domain(self, domid: int) -> None:
        """End a domain behind libvirt's back, which is told of it by Xen."""
        for migration in list(self.migrations):
            if migration.target is self and migration.lose_arriving(domid):
                return
            if migration.source is self:
                migration.lose_leaving(domid)
        with self.lock:
            self.xen.remove(domid)
            for guest in list(self.guests.values()):
                if guest.id == domid and guest.name != DOMAIN_0 and self.answers:
                    self.stop(
                        guest,
                        libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED,
                        libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED,
                    )

    def _lose(self, *, power: bool) -> None:
        for migration in list(self.migrations):
            if migration.source is self:
                migration.lose_source(power=power)
            else:
                migration.lose_target()

    def _hang_up(self) -> list[FakeConnection]:
        with self.lock:
            connections = list(self._connections)
            self._connections.clear()
        return connections

    def _tell(self, connections: list[FakeConnection]) -> None:
        for connection in connections:
            connection.broken()
        self.gate.release()

    def _rise(self) -> None:
        with self.lock:
            for guest in list(self.guests.values()):
                guest.saved = self.saves.has(guest.name)
                self._readopt(guest)
            self.changed.notify_all()

    def _readopt(self, guest: Guest) -> None:
        guest.job = None
        if guest.name == DOMAIN_0:
            guest.persistent = False
            return
        record = self.xen.get(guest.id)
        if guest.active and record is None:
            guest.set_state(libvirt.VIR_DOMAIN_SHUTOFF, 0)
            guest.end_run()
        if not guest.active:
            if not guest.persistent:
                del self.guests[guest.uuid]
            elif guest.state == libvirt.VIR_DOMAIN_SHUTOFF:
                guest.reason = libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN
            return
        state = libvirt.VIR_DOMAIN_RUNNING
        if record is not None and record.suspended:
            state = libvirt.VIR_DOMAIN_PMSUSPENDED
        elif record is not None and record.paused:
            state = libvirt.VIR_DOMAIN_PAUSED
        guest.set_state(state, 0)
