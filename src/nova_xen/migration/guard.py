# SPDX-License-Identifier: Apache-2.0
"""Sees that a source is paused when it is suspended, as long as libvirt migrates it.

libvirt goes on when the process that asked it is dead or has given up, and so must what
keeps the copy at the source from running once the guest runs at the destination.
"""

import dataclasses
import logging

from nova_xen import exceptions
from nova_xen.hypervisor import Guest
from nova_xen.hypervisor.pause_mark import end_pausing, forget_mark, is_pausing
from nova_xen.migration.admission import refused
from nova_xen.migration.interfaces import Pausing
from nova_xen.migration.world import World
from nova_xen.model import GuestView, MigrationJournal, MigrationRequest, Side

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Launched:
    """A program that is to pause a domain, of which nothing is begun yet."""

    domid: int
    pausing: Pausing
    world: World
    uuid: str

    def clear(self) -> None:
        """Remove what an earlier migration left, which would speak of this domain.

        :raises ToolstackFailed: it cannot be removed
        """
        journal = self.world.journals.path(self.uuid)
        end_pausing(journal)
        forget_mark(journal)


def launch_pausing(
    world: World, guest: Guest, request: MigrationRequest, domid: int
) -> Launched:
    """Start the program that pauses a guest's domain: it loads while others work.

    :raises MigrationRefused: it cannot be started
    """
    try:
        pausing = world.pausing_of(domid, world.journals.path(guest.uuid))
    except exceptions.ToolstackFailed as error:
        raise refused(guest, request, str(error).rstrip(".")) from error
    return Launched(domid, pausing, world, guest.uuid)


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
