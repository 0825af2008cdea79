# SPDX-License-Identifier: Apache-2.0
"""Sees that a source is paused when it is suspended, as long as libvirt migrates it.

libvirt goes on when the process that asked it is dead or has given up, and so must what
keeps the copy at the source from running once the guest runs at the destination.
"""

import logging

from nova_xen import exceptions
from nova_xen.hypervisor.pause_mark import end_pausing
from nova_xen.migration.interfaces import Pausing
from nova_xen.migration.world import World
from nova_xen.model import GuestView, MigrationJournal, Side

LOG = logging.getLogger(__name__)


class Guard:
    """Of one migration that is being settled at its source; at the other host nothing.

    :param pausing: what works already, of the process that migrated
    """

    def __init__(
        self, world: World, journal: MigrationJournal, pausing: Pausing | None
    ) -> None:
        self._world = world
        self._journal = journal
        self._pausing = pausing
        self._over = journal.side is not Side.SOURCE

    def keep(self, source: GuestView) -> None:
        """libvirt migrates it still: have it paused, where nobody does any more.

        What cannot be is logged: libvirt's end is to be waited for all the same.
        """
        if self._pausing is not None or len(source.xen) != 1:
            return
        path = self._world.journals.path(self._journal.uuid)
        try:
            self._pausing = self._world.pausing_of(source.xen[0].domid, path)
            self._pausing.ready()
        except exceptions.NovaXenError as error:
            LOG.warning("Server %s: %s", self._journal.name, error)

    def end(self) -> bool:
        """libvirt is done: what is not paused is not to be any more.

        True the first time: what it did last is to be looked at.
        """
        over, self._over = self._over, True
        if over:
            return False
        if self._pausing is not None:
            self._pausing.close()
        else:
            end_pausing(self._world.journals.path(self._journal.uuid))
        return True
