# SPDX-License-Identifier: Apache-2.0
"""Migrations of this host, as a driver offers them."""

import os
from collections.abc import Callable, Collection

from nova_xen import exceptions
from nova_xen.hypervisor import find_guest
from nova_xen.migration.control import Wish, Wishes
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.peer.kept import PeerPool
from nova_xen.migration.remaining import how_unsettled
from nova_xen.migration.world import World
from nova_xen.model import (
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    RecoveryPlan,
)


class Migrations:
    """What can be done about migrations on one host."""

    def __init__(self, world: World, peer: Peer, pool: PeerPool) -> None:
        self._world = world
        self._pool = pool
        #: this host as the destination of others
        self.peer = peer

    def migrate(
        self,
        request: MigrationRequest,
        watch: Callable[[MigrationProgress], None] | None = None,
    ) -> MigrationRecord:
        """Move a server; see :func:`nova_xen.migration.run.migrate`."""
        # a history or a peer needs none of it, and a start counts on a busy host
        from nova_xen.migration import run

        return run.migrate(self._world, request, watch or run.nobody)

    def list(self) -> tuple[MigrationRecord, ...]:
        """Every migration this host was the source of, the newest first."""
        return self._world.history.all()

    def get(self, migration: str) -> MigrationRecord:
        """One by its id, or the newest of a server.

        :raises MigrationNotFound:
        """
        return self._world.history.find(migration)

    def log(self, uuid: str) -> str:
        """Where a process that migrates the server by itself writes what it logs."""
        return os.path.join(self._world.options.state_path, "logs", f"{uuid}.log")

    def abort(self, server: str) -> None:
        """Ask the process that migrates the server to let it stay here.

        :raises MigrationTooLate: no process migrates it
        """
        self._ask(server, Wish.ABORT, "aborted")

    def force_complete(self, server: str) -> None:
        """Ask the process that migrates the server to slow it down until it is over.

        :raises MigrationTooLate: no process migrates it
        """
        self._ask(server, Wish.FORCE_COMPLETE, "hurried")

    def _ask(self, server: str, wish: Wish, action: str) -> None:
        guest = find_guest(self._world.host.connection, server)
        if not self._world.journals.busy(guest.uuid):
            raise exceptions.MigrationTooLate(
                server=guest.name, action=action, why="no process migrates it now"
            )
        Wishes(self._world.options.state_path, guest.uuid).ask(wish)

    def require_settled(
        self, server: str, action: str, *, lasting: bool = False
    ) -> None:
        """See that no migration of a server is under way here, or was cut short.

        :param action: what is to be done to it, as "started"
        :param lasting: it outlives the server's domain
        :raises WrongState: there is one, and the server may run elsewhere, or what is
            done would not outlive the migration's end
        :raises ServerNotFound: there is no such server
        :raises ToolFailed: the journals cannot be read
        """
        guest = find_guest(self._world.host.connection, server)
        how = how_unsettled(self._world, guest, lasting=lasting)
        if how is not None:
            state, advice = how
            raise exceptions.WrongState(
                server=guest.name, action=action, state=state, advice=advice
            )

    def recover(
        self,
        servers: Collection[str] = (),
        *,
        lost_hosts: Collection[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> tuple[RecoveryPlan, ...]:
        """Settle what died; see :func:`nova_xen.migration.recover.recover`."""
        from nova_xen.migration import recover, settle

        told = tell or settle.silently
        return recover.recover(self._world, servers, lost_hosts=lost_hosts, tell=told)

    def start_service(self) -> None:
        """Settle what was cut short, and keep peers for the next server from now on.

        See :func:`nova_xen.migration.recover.recover_at_start`.
        """
        from nova_xen.migration import recover

        self._pool.keep()
        recover.recover_at_start(self._world)

    def close(self) -> None:
        """Let go of the peers that are kept."""
        self._pool.close()
