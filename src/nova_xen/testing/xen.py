# SPDX-License-Identifier: Apache-2.0
"""What a migration asks of Xen and the kernel, of a fake host.

These stand where nova_xen.migration.interfaces has Toolstack, MigrationSockets,
SuspendWatch and Pausing, so they speak the model's values and raise the product's
errors; nothing else of the fake does.
"""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from nova_xen import exceptions
from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.model import XenDomain

if TYPE_CHECKING:
    from nova_xen.testing.host import FakeHost
    from nova_xen.testing.migration import Migration

_KIB_PER_MIB = 1024
_FIRST_PORT = 49152
#: looks at the counter until all is over that an idle guest has
_LOOKS = 8


class FakeToolstack:
    """``xl`` on a fake host; it works while libvirtd is dead, and not without power."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host
        #: why every call fails, None while they work
        self.broken: str | None = None

    def domains(self) -> tuple[XenDomain, ...]:
        """Every domain but Domain-0, those invisible to libvirt too."""
        self._require("listing the domains")
        with self._host.lock:
            return tuple(
                XenDomain(
                    domid=record.domid,
                    name=record.name,
                    uuid=record.uuid,
                    memory_mib=record.memory_kib // _KIB_PER_MIB,
                    paused=record.paused,
                    suspended=record.suspended,
                    ended=record.ended,
                )
                for record in self._host.xen
            )

    def destroy(self, domid: int) -> None:
        """End a domain at once; no error when it is gone."""
        self._require(f"ending domain {domid}")
        self._host.destroy_domain(domid)

    def unpause(self, domid: int) -> None:
        """Let a paused domain go on; libvirt is not told."""
        self._require(f"letting domain {domid} go on")
        if not self._host.xen.pause(domid, False):
            self._fail(f"letting domain {domid} go on", "it is not paused")

    def resume(self, domid: int) -> None:
        """Let a suspended domain go on; libvirt is not told."""
        self._require(f"resuming domain {domid}")
        if not self._host.xen.resume(domid):
            self._fail(f"resuming domain {domid}", "it is not suspended")

    def set_cap(self, domid: int, cap: int) -> None:
        """Limit a domain to so many percent of one CPU; 0 is no limit."""
        self._require(f"limiting domain {domid}")
        with self._host.lock:
            for guest in self._host.guests.values():
                if guest.id == domid:
                    guest.cap = cap
                    return
        self._fail(f"limiting domain {domid}", "there is no such domain")

    def virt_caps(self) -> tuple[str, ...]:
        """The words of virt_caps in ``xl info``."""
        self._require("reading the host's features")
        return ("pv", "hvm", "hap", *(("shadow",) if self._host.shadow else ()))

    def _require(self, doing: str) -> None:
        if self.broken is not None:
            self._fail(doing, self.broken)

    def _fail(self, doing: str, why: str) -> None:
        raise exceptions.ToolstackFailed(doing=doing, why=why)


class FakePausing:
    """Pauses a domain of a fake host when it is suspended, and marks it.

    Unlike the program it looks for the journal though nobody has died: it is there.
    """

    def __init__(self, host: FakeHost, domid: int, journal: str) -> None:
        self._host = host
        self._domid = domid
        self._journal = Path(journal)

    def _wanted(self) -> bool:
        if not self._journal.exists():
            return False
        mark = self._journal.with_name(f"{self._journal.name}.pausing")
        mark.write_text(f"{self._domid}\n")
        return True

    def ready(self) -> None:
        """It looks at the domain from now on."""
        self._host.xen.to_pause[self._domid] = self._wanted

    def trouble(self) -> str:
        """There is none."""
        return ""

    def close(self) -> None:
        """End it."""
        self._host.xen.to_pause.pop(self._domid, None)


class FakeSockets:
    """The connections of a fake host's migrations; bytes grow with each look.

    `refusal` is why the kernel can close none, None when it can.
    """

    def __init__(self, host: FakeHost, refusal: str | None = None) -> None:
        self._host = host
        self._found: dict[int, Migration] = {}
        self._ports = itertools.count(_FIRST_PORT)
        self.refusal = refusal

    def find(self, domid: int, address: str) -> MigrationSocket | None:
        """The connection over which the domain is sent; None while there is none."""
        for migration in list(self._host.migrations):
            leaving = migration.source is self._host and migration.domid == domid
            if leaving and migration.connected:
                self._found[migration.cookie] = migration
                return MigrationSocket(
                    family=socket.AF_INET,
                    source="127.0.0.1",
                    source_port=migration.cookie,
                    destination=address,
                    destination_port=next(self._ports),
                    cookie=migration.cookie,
                    inode=migration.cookie,
                )
        return None

    def bytes_acked(self, socket: MigrationSocket) -> int | None:
        """Bytes that the other host has acknowledged; None once it is closed."""
        migration = self._found[socket.cookie]
        if not migration.connected:
            return None
        step = migration.total // _LOOKS
        migration.sent = min(migration.total, migration.sent + step)
        return migration.sent

    def close(self, socket: MigrationSocket) -> bool:
        """Close the connection under its process; False when it was closed already."""
        if self.refusal is not None:
            raise exceptions.SocketsUnavailable(action="closed", why=self.refusal)
        migration = self._found[socket.cookie]
        return migration.connected and migration.cut()


class FakeSuspendWatch:
    """Tells when a domain of a fake host stood still."""

    def __init__(self, host: FakeHost, domid: int) -> None:
        self._host = host
        self._domid = domid

    def asked(self) -> bool:
        """Whether it was asked to; guests of a fake host answer at once."""
        return self.suspended_at() is not None

    def suspended_at(self) -> float | None:
        """Seconds since the epoch, None while it runs."""
        return self._host.xen.suspensions.get(self._domid)

    def close(self) -> None:
        """Stop watching."""
