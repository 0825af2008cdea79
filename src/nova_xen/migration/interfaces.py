# SPDX-License-Identifier: Apache-2.0
"""What a migration needs of the two hosts, so that each part can be had another way."""

import dataclasses
from typing import Protocol

from nova_xen.model import (
    GuestView,
    Inquiry,
    MigrationHost,
    MigrationJournal,
    RecoveryStep,
    XenDomain,
)


class Peer(Protocol):
    """The destination's side, done there: in this process, or by a program over ssh.

    Every method raises :class:`nova_xen.exceptions.PeerUnreachable` when the other
    host gives no answer, and otherwise the error that the other host met.
    """

    def ask(self, inquiry: Inquiry) -> MigrationHost:
        """Tell what this host is and has; nothing is changed."""

    def missing(self, files: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the absolute paths ``files`` that are not there."""

    def begin(self, journal: MigrationJournal) -> None:
        """Keep the journal of an arriving guest.

        :raises MigrationRefused: another process works on this guest here, or
            as many guests as may be arrive already
        """

    def note(self, journal: MigrationJournal) -> None:
        """Keep the journal's new state; before the step that it names."""

    def arrived(
        self, journal: MigrationJournal, document: str, cap: int | None
    ) -> None:
        """Put in order what came over: keep ``document`` as its definition, set its
        scheduler's cap (percent, None for no limit), which Xen forgets on the way.
        """

    def view(self, uuid: str, name: str) -> GuestView:
        """Tell what libvirt, Xen and the journal of this host have of a guest."""

    def carry_out(self, uuid: str, name: str, step: RecoveryStep) -> None:
        """Do one step that puts the remains of a dead migration right."""

    def end(self, migration_id: str) -> None:
        """Remove the journal; no error when there is none."""

    def close(self) -> None:
        """Let go of the other host."""


class Pausing(Protocol):
    """Pauses a domain at the source when it is suspended, once.

    So nobody's resume lets it run. From :meth:`ready` on it outlives this process, and
    ends by itself with the domain, or when the journal is gone.
    """

    def ready(self) -> None:
        """Have it look at the domain, and wait until it does.

        :raises ToolstackFailed: it cannot
        """

    def trouble(self) -> str:
        """Why it ended before it was done; "" when it works, or has done its work."""

    def close(self) -> None:
        """End it: it pauses nothing any more."""


class Toolstack(Protocol):
    """What Xen itself knows and does, beside libvirt (``xl``)."""

    def domains(self) -> tuple[XenDomain, ...]:
        """Every domain but Domain-0, those invisible to libvirt too."""

    def destroy(self, domid: int) -> None:
        """End a domain at once; no error when it is gone."""

    def unpause(self, domid: int) -> None:
        """Let a paused domain go on."""

    def resume(self, domid: int) -> None:
        """Let a domain go on that was suspended and has not left."""

    def set_cap(self, domid: int, cap: int) -> None:
        """Limit a domain to so many percent of one CPU; 0 is no limit."""

    def virt_caps(self) -> tuple[str, ...]:
        """The words of virt_caps in ``xl info``: hap, shadow, …"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationSocket:
    """The connection that a guest's memory goes over, as the kernel knows it.

    ``cookie`` is the kernel's own number for it, which is never used again.
    """

    family: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    cookie: int
    inode: int


class MigrationSockets(Protocol):
    """The kernel's connections, at the source."""

    def find(self, domid: int, address: str) -> MigrationSocket | None:
        """The connection over which the domain is sent; None while there is none.

        By the process that sends it, never by a guess among several.
        """

    def bytes_acked(self, socket: MigrationSocket) -> int | None:
        """Bytes that the other host has acknowledged; None once it is closed."""

    def close(self, socket: MigrationSocket) -> bool:
        """Close the connection under its process; False when it was closed already.

        :raises SocketsUnavailable: this kernel or this user cannot
        """


class SuspendWatch(Protocol):
    """Watches for the moment at which a domain at the source stands still."""

    def asked(self) -> bool:
        """Whether the last pass has begun: the guest was asked to suspend."""

    def suspended_at(self) -> float | None:
        """Seconds since the epoch, None while it runs or when nobody could tell."""

    def close(self) -> None:
        """Stop watching."""
