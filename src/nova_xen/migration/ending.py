# SPDX-License-Identifier: Apache-2.0
"""The ways to end a migration early, for libxl has none of its own.

Abort: the kernel closes the migration's own connection at the source, whereupon
libxl's sender fails and the guest goes on here; where the kernel cannot, the arriving
domain, which has never run, is ended at the destination by Xen's own tool. Both were
seen on real Xen to leave the guest running at the source, or suspended if it was so
already, as always in a stop-and-copy: it is resumed when what is left is settled.
libvirt's destroy at the
destination is never used: it waits for the migration and then ends the only copy.

Force complete: the guest gets a tenth of a processor, so that it changes less memory
than goes over. It is never paused, since it must answer the request to suspend, and has
its processors back as soon as it is asked: libxl waits a minute for that answer, and
with a tenth of one an emulated guest did not give it (seen on real Xen).
"""

import logging

from nova_xen import exceptions
from nova_xen.migration.interfaces import MigrationSocket, MigrationSockets, Peer
from nova_xen.migration.story import Story
from nova_xen.migration.world import World
from nova_xen.model import (
    MigrationKind,
    MigrationState,
    RecoveryAction,
    RecoveryStep,
    Side,
)

LOG = logging.getLogger(__name__)
#: percent of one processor that is left to a guest whose migration shall end
THROTTLE = 10


class Ending:
    """Ends one migration; asked twice it does nothing more."""

    def __init__(
        self,
        world: World,
        story: Story,
        peer: Peer,
        sockets: MigrationSockets,
        *,
        domid: int,
        cap: int | None,
    ) -> None:
        self._world = world
        self._story = story
        self._peer = peer
        self._sockets = sockets
        self._domid = domid
        self._cap = cap
        self.why = ""
        self._pending = ""
        self.forced = False

    @property
    def aborted(self) -> bool:
        """Whether the abort was carried out."""
        return bool(self.why)

    @property
    def possible(self) -> bool:
        """Whether it can be aborted as things stand; see :meth:`abort`."""
        return self._story.state is MigrationState.COPYING or self._stands_still()

    def abort(
        self, socket: MigrationSocket | None, why: str, *, stalled: bool = False
    ) -> None:
        """Let the guest go on here.

        As long as neither a connection nor an arriving domain is there yet, the wish
        is kept for :meth:`again`.

        :param stalled: the guest stands still and nothing goes over any more, so that
            it does not arrive in a moment

        :raises MigrationTooLate: it stands still already and arrives in a moment
        :raises NovaXenError: neither way can be gone; the migration goes on
        """
        self._pending = ""
        if self.aborted:
            return
        copying = self._story.state is MigrationState.COPYING
        if not stalled and not self.possible:
            raise self._late("aborted")
        if not self._cut(socket):
            if not copying:
                raise self._late("aborted")
            if not self._end_arriving():
                self._pending = why
                return
        self.why = why
        self._story.enter(MigrationState.ABORTING)

    def again(self, socket: MigrationSocket | None) -> None:
        """Try once more what was asked for when there was nothing to end yet.

        :raises MigrationTooLate, NovaXenError: as :meth:`abort`
        """
        if self._pending:
            self.abort(socket, self._pending)

    def _stands_still(self) -> bool:
        """Whether it stands still for the whole of a stop-and-copy.

        The connection may be closed while a guest stands still, of either kind: when
        libxl's sender fails, libvirt ends the arriving domain before it ever runs. It
        leaves the one here suspended. A live one arrives before that is worth it.
        """
        record = self._story.record
        stopped = record.state is MigrationState.STOPPED
        return stopped and record.kind is MigrationKind.STOP_AND_COPY

    def _late(self, action: str) -> exceptions.MigrationTooLate:
        record = self._story.record
        return exceptions.MigrationTooLate(
            server=record.name, action=action, why=f"it is {record.state} already"
        )

    def _cut(self, socket: MigrationSocket | None) -> bool:
        """The first way; False when it cannot be gone."""
        if socket is None:
            return False
        try:
            return self._sockets.close(socket)
        except exceptions.SocketsUnavailable as error:
            LOG.warning(
                "Server %s: %s The arriving domain is ended instead.",
                self._story.record.name,
                error,
            )
            return False

    def _end_arriving(self) -> bool:
        """The second way: only a domain that is paused, since that has never run.

        False when there is none at all yet.
        """
        record = self._story.record
        view = self._peer.view(record.uuid, record.name)
        if not view.xen:
            return False
        arriving = [domain for domain in view.xen if domain.paused]
        if len(view.xen) != 1 or not arriving:
            raise exceptions.MigrationTooLate(
                server=record.name,
                action="aborted",
                why="no domain that has never run is there at the destination",
            )
        step = RecoveryStep(
            side=Side.DESTINATION,
            action=RecoveryAction.DESTROY,
            domid=arriving[0].domid,
            why="its migration is aborted",
        )
        self._peer.carry_out(record.uuid, record.name, step)
        return True

    def force_complete(self, why: str) -> None:
        """Slow the guest down, so that the copy keeps up with it.

        :raises ToolstackFailed: Xen's scheduler has no cap
        """
        if self.forced or self._story.state is not MigrationState.COPYING:
            return
        self.forced = True
        self._world.toolstack.set_cap(self._domid, THROTTLE)
        self._story.throttled = True
        LOG.info(
            "Server %s is held back to %d %% of a processor: %s",
            self._story.record.name,
            THROTTLE,
            why,
        )

    def release(self) -> None:
        """Give the guest its processors back: it goes on here, or is to suspend.

        :raises ToolstackFailed: Xen's scheduler did not take it
        """
        if self._story.throttled:
            self._world.toolstack.set_cap(self._domid, self._cap or 0)
            self._story.throttled = False
