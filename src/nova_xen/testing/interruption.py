# SPDX-License-Identifier: Apache-2.0
"""What a fake migration leaves when something dies: as seen on real Xen.

Seen with Xen 4.17 and libvirt 9.0: a closed connection, Xen's own destroy at the
destination, and either libvirtd killed in mid-copy. The later points follow libvirt's
own order (libxl_migration.c): it resumes the source whenever it has no answer to its
last phase, whether the guest runs at the destination or not. When the connection is
closed after the source was suspended, libvirt says that it runs and leaves it so.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.copying import Point
from nova_xen.testing.errors import Origin
from nova_xen.testing.guest import Guest

if TYPE_CHECKING:
    from nova_xen.testing.host import FakeHost

SEND_FAILED = "Failed to send migration data to destination host"
NOT_RUNNING = "Migration failed. Domain is not running on destination host"
_GOING_OVER = frozenset({Point.COPYING, Point.STOPPED})
_COOKIES = itertools.count(1)
#: bytes on the wire for each byte of an idle guest's memory, as measured
_WIRE_PERMILLE = 1027


class Interruption:
    """The state of one migration, and what can happen to it."""

    guest: Guest
    arriving: Guest

    def __init__(self, source: FakeHost, target: FakeHost, flags: int) -> None:
        self.source = source
        self.target = target
        self.flags = flags
        self.point = Point.PREPARED
        self.domid = -1
        self.arriving_domid = -1
        self.error: Any = None
        self.over = False
        self.sent = 0
        self.cookie = next(_COOKIES)
        self._lock = threading.RLock()
        self._wakers: list[Callable[[], None]] = []

    @property
    def total(self) -> int:
        """Bytes that go over when the guest changes nothing."""
        return self.guest.max_memory_kib * 1024 * _WIRE_PERMILLE // 1000

    @property
    def connected(self) -> bool:
        """Whether memory goes over a connection of its own now."""
        tunnelled = bool(self.flags & libvirt.VIR_MIGRATE_TUNNELLED)
        return not self.over and self.point in _GOING_OVER and not tunnelled

    def when_over(self, waker: Callable[[], None]) -> None:
        """Call `waker` when the migration ends, or now when it has."""
        with self._lock:
            self._wakers.append(waker)
            if self.over:
                waker()

    def cut(self) -> bool:
        """Close the connection: the destination is clean.

        The source runs on, or stays suspended if it was, as always without LIVE.
        False when there is none any more.
        """
        with self._lock:
            if self.over or self.point not in _GOING_OVER:
                return False
            self._fail(errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, SEND_FAILED))
            return True

    def part(self) -> None:
        """Lose the link between the hosts: each is left with what it has."""
        with self._lock:
            if not self.over:
                self._resume_source()
                self._end(errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, SEND_FAILED))

    def lose_source(self, *, power: bool) -> None:
        """The source's libvirtd is killed, or the host goes dark.

        The destination keeps its record and the lock on it. Its half of the domain
        goes when the stream ends, which it does not when the host goes dark.
        """
        with self._lock:
            if self.over:
                return
            if self.point in _GOING_OVER and not power:
                self.target.xen.remove(self.arriving_domid)
            text = "End of file while reading data: Input/output error"
            code = libvirt.VIR_ERR_SYSTEM_ERROR
            self._end(errors.raw_error(code, text, Origin.RPC))

    def lose_target(self) -> None:
        """The destination's libvirtd is killed, or the host goes dark."""
        with self._lock:
            if not self.over:
                self._resume_source()
                text = "client socket is closed"
                code = libvirt.VIR_ERR_INTERNAL_ERROR
                self._end(errors.error(code, text, Origin.RPC))

    def lose_arriving(self, domid: int) -> bool:
        """Xen's own destroy ends the arriving domain; False when it is not this one."""
        with self._lock:
            if self.over or domid != self.arriving_domid or self.point > Point.RECEIVED:
                return False
            if self.point in _GOING_OVER:
                return self.cut()
            code = libvirt.VIR_ERR_OPERATION_FAILED
            self._fail(errors.error(code, NOT_RUNNING))
            return True

    def lose_leaving(self, domid: int) -> bool:
        """Xen's own destroy ends the source's domain; False when it is not this one."""
        with self._lock:
            if domid != self.domid or self.point not in _GOING_OVER:
                return False
            return self.cut()

    def _stop_source(self) -> None:
        with self.source.lock:
            self.source.xen.suspend(self.domid)

    def _resume_source(self) -> None:
        """libvirt's confirm after a failure of the last phases at the destination.

        When sending fails, libvirt takes the source for running and leaves it
        suspended.
        """
        if self.point in _GOING_OVER:
            return
        with self.source.lock:
            record = self.source.xen.get(self.domid)
            if record is None or not record.suspended:
                return
            if self.source.resumes:
                self.source.xen.resume(self.domid)
            else:
                self._seem_paused()

    def _seem_paused(self) -> None:
        """libvirt shows the source as paused when it could not resume it."""
        with self.source.lock:
            self.guest.set_state(
                libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION
            )
            self.source.lifecycle(
                copy.copy(self.guest),
                libvirt.VIR_DOMAIN_EVENT_SUSPENDED,
                libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED,
            )

    def _fail(self, error: Any) -> None:
        """End with both libvirts working: the destination keeps nothing."""
        self._resume_source()
        with self.target.lock:
            self.target.xen.remove(self.arriving_domid)
            if self.arriving.active:
                self.target.stop(
                    self.arriving,
                    libvirt.VIR_DOMAIN_SHUTOFF_FAILED,
                    libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED,
                )
            self.target.drop_transient(self.arriving)
        self._free(self.target, self.arriving)
        self._end(error)

    def _free(self, host: FakeHost, guest: Guest) -> None:
        with host.lock:
            guest.job = None
            host.changed.notify_all()

    def _end(self, error: Any) -> None:
        """Let the source's job go; the destination's is the caller's to let go."""
        self.error = error
        self.over = True
        self.source.migrations.discard(self)
        self.target.migrations.discard(self)
        self._free(self.source, self.guest)
        for waker in self._wakers:
            waker()
