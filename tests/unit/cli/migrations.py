# SPDX-License-Identifier: Apache-2.0
"""Migrations as a stub of the driver has them, and as commands ask for them."""

import dataclasses
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from nova_xen import exceptions
from nova_xen.model import (
    MIB,
    GuestMode,
    MigrationKind,
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    MigrationSample,
    MigrationState,
    RecoveryPlan,
)

if TYPE_CHECKING:
    from nova_xen.migration.interfaces import Peer

ID = "11111111-2222-4333-8444-555555555555"
START = 1_700_000_000.0
S = MigrationState


def make_record(**changes: Any) -> MigrationRecord:
    """A migration that went well, with a sample each second."""
    record = MigrationRecord(
        id=ID,
        uuid="5a1e2d3c-0000-4000-8000-000000000001",
        name="db",
        source="xen1",
        destination="xen2",
        uri="xen+tls://xen2/system",
        kind=MigrationKind.LIVE,
        mode=GuestMode.PVH,
        tunnelled=False,
        memory_mib=256,
        state=S.DONE,
        started=START,
        ended=START + 34.5,
        entered={
            S.CHECKING: START,
            S.PREPARING: START + 0.5,
            S.COPYING: START + 1.0,
            S.STOPPED: START + 28.0,
            S.FINISHING: START + 33.2,
            S.DONE: START + 34.5,
        },
        downtime=5.2,
        bytes_sent=270 * MIB,
        passes=1,
        samples=tuple(_sample(second) for second in range(1, 34)),
    )
    return dataclasses.replace(record, **changes)


def _sample(second: int) -> MigrationSample:
    return MigrationSample(
        at=START + second,
        state=S.COPYING if second < 28 else S.STOPPED,
        bytes_sent=None if second < 2 else min(10 * second, 270) * MIB,
    )


def make_progress(**changes: Any) -> MigrationProgress:
    progress = MigrationProgress(
        state=S.COPYING,
        elapsed=10.0,
        bytes_sent=100 * MIB,
        memory=256 * MIB,
        rate=10.0 * MIB,
        passes=0,
        remaining=16.0,
    )
    return dataclasses.replace(progress, **changes)


class MigrationStub:
    """The part of a stub driver that is about migrations."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.errors: dict[Any, BaseException] = {}
        self.records: list[MigrationRecord] = []
        self.recovered: tuple[RecoveryPlan, ...] = ()
        #: what a recovery waits for, and how it tells so
        self.waits: Callable[[Callable[[str], None]], None] = lambda tell: None
        self.log = "/nonexistent/log"

    def _call(self, method: str, *args: Any) -> None:
        self.calls.append((method, *args))
        for key in (method, (method, *args[:1])):
            if key in self.errors:
                raise self.errors[key]

    def migrate(
        self,
        request: MigrationRequest,
        watch: Callable[[MigrationProgress], None] | None = None,
    ) -> MigrationRecord:
        self._call("migrate", request)
        return make_record(name=request.server)

    def list_migrations(self) -> tuple[MigrationRecord, ...]:
        self._call("list_migrations")
        return tuple(self.records)

    def get_migration(self, migration: str) -> MigrationRecord:
        self._call("get_migration", migration)
        for record in self.records:
            if migration in (record.id, record.uuid, record.name):
                return record
        raise exceptions.MigrationNotFound(migration=migration)

    def migration_log(self, uuid: str) -> str:
        return self.log

    def abort_migration(self, server: str) -> None:
        self._call("abort_migration", server)

    def force_complete_migration(self, server: str) -> None:
        self._call("force_complete_migration", server)

    def recover_migrations(
        self,
        servers: Collection[str] = (),
        *,
        lost_hosts: Collection[str] = (),
        tell: Callable[[str], None] | None = None,
    ) -> tuple[RecoveryPlan, ...]:
        lost = (tuple(lost_hosts),) if lost_hosts else ()
        self._call("recover_migrations", tuple(servers), *lost)
        if tell is not None:
            self.waits(tell)
        return self.recovered

    def migration_peer(self) -> "Peer":
        raise NotImplementedError("no command of these asks for it")
