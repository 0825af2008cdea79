# SPDX-License-Identifier: Apache-2.0
"""Peers that a service keeps for the next server that goes to the same host.

A host is emptied one server after the other, and starting the program on the other
host takes longer than all the checks. A peer is kept only while it holds nothing there:
after a migration that has not ended well it is closed at once, so that whoever settles
it, here or there, finds the server free.
"""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from nova_xen import exceptions
from nova_xen.migration.peer import wire
from nova_xen.migration.peer.ssh import ProgramPeer
from nova_xen.model import MigrationJournal

#: seconds without a question after which a kept one is closed
KEEP = 600.0


class KeptPeer(ProgramPeer):
    """A peer that ``give_back`` may keep instead of having it closed.

    :param give_back: called with the peer that nobody uses any more and that holds
        nothing; tells whether it is kept
    """

    def __init__(
        self,
        command: tuple[str, ...],
        address: str,
        give_back: Callable[["KeptPeer"], bool],
        **options: Any,
    ) -> None:
        super().__init__(command, address, **options)
        self._give_back = give_back
        #: ids of migrations whose journals it may hold
        self._held: set[str] = set()

    def begin(self, journal: MigrationJournal) -> None:
        """Keep the journal of a guest that is to arrive there."""
        self._held.add(journal.id)
        super().begin(journal)

    def note(self, journal: MigrationJournal) -> None:
        """Keep the journal's new state there."""
        self._held.add(journal.id)
        super().note(journal)

    def end(self, migration_id: str) -> None:
        """Remove the journal there."""
        super().end(migration_id)
        self._held.discard(migration_id)

    def answers(self) -> bool:
        """Whether it is there still, or could be started again."""
        with contextlib.suppress(exceptions.NovaXenError):
            self._request(wire.PING)
            return True
        return False

    def close(self) -> None:
        """Give it back, or let the program end when it may hold something."""
        if self._held or not self._give_back(self):
            self.shut()

    def shut(self) -> None:
        """Let the program end."""
        self._held.clear()
        super().close()


class PeerPool:
    """Peers by their address, kept from :meth:`keep` on; until then each is closed.

    Safe for threads.

    :param make: makes one for an address, with what is called to give it back
    """

    def __init__(
        self, make: Callable[[str, Callable[[KeptPeer], bool]], KeptPeer]
    ) -> None:
        self._make = make
        self._seconds = 0.0
        self._lock = threading.Lock()
        self._idle: dict[KeptPeer, threading.Timer] = {}

    def keep(self, seconds: float = KEEP) -> None:
        """Keep peers for so many seconds from now on, 0 for not at all."""
        self._seconds = seconds

    def peer(self, address: str) -> KeptPeer:
        """One for the address, kept or new; its ``close`` gives it back.

        :raises PeerUnreachable: no command is given, or the address is none
        """
        while (kept := self._take(address)) is not None:
            if kept.answers():
                return kept
            kept.shut()
        return self._make(address, self._give_back)

    def close(self) -> None:
        """Close those that are kept, and keep none any more."""
        with self._lock:
            self._seconds = 0.0
            idle, self._idle = self._idle, {}
        for peer, timer in idle.items():
            timer.cancel()
            peer.shut()

    def _take(self, address: str) -> KeptPeer | None:
        with self._lock:
            for peer in self._idle:
                if peer.address == address:
                    self._idle.pop(peer).cancel()
                    return peer
        return None

    def _give_back(self, peer: KeptPeer) -> bool:
        with self._lock:
            if not self._seconds:
                return False
            timer = threading.Timer(self._seconds, self._expire, (peer,))
            timer.daemon = True
            self._idle[peer] = timer
            timer.start()
        return True

    def _expire(self, peer: KeptPeer) -> None:
        with self._lock:
            if self._idle.pop(peer, None) is None:
                return
        peer.shut()
