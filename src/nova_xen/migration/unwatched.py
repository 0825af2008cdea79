# SPDX-License-Identifier: Apache-2.0
"""A migration that libvirt goes on with when its process is dead, and nobody watches.

Where the other host has lost its power or its network, the kernel holds the connection
for alive for a quarter of an hour, and all that time the guest may stand still. Closed
at the source, it makes the sender fail as at a broken cable, and the guest goes on
here: the destination lets one run in libvirt's last phase alone, which comes after the
sending has ended well.
"""

import logging

from nova_xen import exceptions
from nova_xen.migration.interfaces import MigrationSockets
from nova_xen.migration.monitor import STALLED
from nova_xen.migration.world import World
from nova_xen.model import GuestView, MigrationJournal

LOG = logging.getLogger(__name__)


class Unwatched:
    """Closes the connection of a dead process's migration when it leads nowhere.

    :param lost: a person is sure that the other host is off: it leads nowhere now
    """

    def __init__(self, world: World, journal: MigrationJournal, *, lost: bool) -> None:
        self._world = world
        self._journal = journal
        self._lost = lost
        self._sockets: MigrationSockets | None = None
        self._acked: int | None = None
        self._moved = world.clock()

    def look(self, source: GuestView) -> None:
        """Close it when nothing has gone over for a minute, or ever will.

        Call it again and again while libvirt on this host migrates the guest. What the
        kernel does not do is logged, and libvirt's own end is to be waited for.
        """
        if self._sockets is None:
            self._sockets = self._world.sockets_of()
        try:
            for domain in source.xen:
                self._look(self._sockets, domain.domid)
        except exceptions.NovaXenError as error:
            LOG.warning("Server %s: %s", self._journal.name, error)

    def _look(self, sockets: MigrationSockets, domid: int) -> None:
        socket = sockets.find(domid, self._journal.peer)
        if socket is None:
            return
        acked, now = sockets.bytes_acked(socket), self._world.clock()
        # what is not counted may go over all the time
        if acked is None or acked != self._acked:
            self._acked, self._moved = acked, now
        still = now - self._moved
        if self._lost or still >= STALLED:
            why = "is lost" if self._lost else f"has taken nothing for {still:.0f} s"
            LOG.warning(
                "Server %s: host %s %s, so the connection to it is closed",
                *(self._journal.name, self._journal.peer, why),
            )
            sockets.close(socket)
