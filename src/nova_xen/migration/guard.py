# SPDX-License-Identifier: Apache-2.0
"""Sees that a source is paused when it is suspended, as long as libvirt migrates it.

libvirt goes on when the process that asked it is dead or has given up, and so must what
keeps the copy at the source from running once the guest runs at the destination.
"""

import logging

from nova_xen import exceptions
from nova_xen.hypervisor.pause_mark import end_pausing, forget_mark, is_pausing
from nova_xen.migration.interfaces import Pausing
from nova_xen.migration.world import World
from nova_xen.model import GuestView, MigrationJournal, Side

LOG = logging.getLogger(__name__)


def start_pausing(world: World, uuid: str, domid: int) -> Pausing:
    """Have a guest's domain paused when it is suspended, for a new migration.

    :raises ToolstackFailed: what an earlier one left is in the way, or it cannot start
    """
    journal = world.journals.path(uuid)
    # what an earlier migration left would speak of this domain
    end_pausing(journal)
    forget_mark(journal)
    return world.pausing_of(domid, journal)


class Guard:
    """Of one migration that is being settled at its source; at the other host nothing.

    :param pausing: what works already, of the process that migrated
    """

    def __init__(
        self, world: World, journal: MigrationJournal, pausing: Pausing | None
    ) -> None:
        self._world = world
        self._server = journal.name
        self._path = world.journals.path(journal.uuid)
        self._pausing = pausing
        self._elsewhere = journal.side is not Side.SOURCE
        self._ended = False
        self._told = ""

    def keep(self, source: GuestView) -> None:
        """libvirt migrates it still: have it paused, where nobody does any more.

        What cannot be is logged once, and tried again at the next look: libvirt's end
        is to be waited for all the same.
        """
        if self._elsewhere or len(source.xen) != 1 or self._works():
            return
        self._ended = False
        try:
            if not is_pausing(self._path):
                self._pausing = self._world.pausing_of(source.xen[0].domid, self._path)
                self._pausing.ready()
        except exceptions.NovaXenError as error:
            self._give_up()
            self._warn(error)

    def _warn(self, error: exceptions.NovaXenError) -> None:
        if str(error) != self._told:
            LOG.warning("Server %s: %s", self._server, error)
        self._told = str(error)

    def _works(self) -> bool:
        return self._pausing is not None and not (
            self._ended or self._pausing.trouble()
        )

    def _give_up(self) -> None:
        pausing, self._pausing = self._pausing, None
        if pausing is not None:
            pausing.close()

    def end(self) -> bool:
        """libvirt is done: what is not paused is not to be any more.

        True the first time: what it did last is to be looked at. One that outlived its
        process and cannot be ended is logged, and tried again at the next look.
        """
        if self._elsewhere or self._ended:
            return False
        self._give_up()
        try:
            end_pausing(self._path)
        except exceptions.NovaXenError as error:
            self._warn(error)
            return False
        self._ended = True
        return True
