# SPDX-License-Identifier: Apache-2.0
"""Servers that move to another host."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from nova_xen.driver.base import DriverBase
from nova_xen.model import (
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    RecoveryPlan,
)

if TYPE_CHECKING:
    from nova_xen.migration.interfaces import Peer


class MigrationMethods(DriverBase):
    """Live migration, its history and what its ends leave."""

    def migrate(
        self,
        request: MigrationRequest,
        watch: Callable[[MigrationProgress], None] | None = None,
    ) -> MigrationRecord:
        """Move a running server to another host; returns when it has ended."""
        return self._migrations.migrate(request, watch)

    def list_migrations(self) -> tuple[MigrationRecord, ...]:
        """The migrations that began here, the newest first."""
        return self._migrations.list()

    def get_migration(self, migration: str) -> MigrationRecord:
        """One migration by its id, or the newest of a server."""
        return self._migrations.get(migration)

    def migration_log(self, uuid: str) -> str:
        """Path of the log of a server's migrations that run by themselves."""
        return self._migrations.log(uuid)

    def abort_migration(self, server: str) -> None:
        """Have a running migration let the server stay here."""
        self._migrations.abort(server)

    def force_complete_migration(self, server: str) -> None:
        """Have a running migration slow the guest down until it is over."""
        self._migrations.force_complete(server)

    def recover_migrations(
        self,
        servers: Collection[str] = (),
        *,
        lost_hosts: Collection[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> tuple[RecoveryPlan, ...]:
        """Settle migrations whose process died, on either host.

        :param lost_hosts: other hosts that are off and will not come back with a guest
            running
        :param tell: told in a sentence what is waited for
        """
        return self._migrations.recover(servers, lost_hosts=lost_hosts, tell=tell)

    def migration_peer(self) -> "Peer":
        """This host as the destination of others' migrations."""
        return self._migrations.peer
