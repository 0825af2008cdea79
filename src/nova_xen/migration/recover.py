# SPDX-License-Identifier: Apache-2.0
"""Migrations whose process died: what the next start, or a person, settles."""

import dataclasses
import logging
from collections.abc import Collection, Iterator

from nova_xen import exceptions
from nova_xen.migration.settle import settle
from nova_xen.migration.world import World
from nova_xen.model import (
    GuestView,
    LibvirtView,
    MigrationJournal,
    MigrationRecord,
    MigrationState,
    RecoveryPlan,
)
from nova_xen.planning.migration.states import ended

LOG = logging.getLogger(__name__)


def recover(world: World, servers: Collection[str] = ()) -> tuple[RecoveryPlan, ...]:
    """Settle the migrations that this host knows of and nobody works on.

    Those with a journal here are put right on both hosts. Those with a record alone
    were settled from the other host, or by a process that died right after: their
    record is ended by what is here.

    :param servers: names or UUIDs; all when empty
    :raises MigrationNotFound: a server is named that has nothing to be settled here
    """
    journals = [each for each in world.journals.all() if _chosen(each, servers)]
    uuids = {journal.uuid for journal in journals}
    records = [
        each
        for each in world.history.all()
        if _is_open(each) and each.uuid not in uuids and _chosen(each, servers)
    ]
    found: list[MigrationJournal | MigrationRecord] = [*journals, *records]
    known = {word for each in found for word in (each.uuid, each.name)}
    missing = set(servers) - known
    if missing:
        raise exceptions.MigrationNotFound(migration=sorted(missing)[0])
    return (
        *(plan for journal in journals for plan in _recover(world, journal)),
        *(plan for record in records for plan in _end_record(world, record)),
    )


def _chosen(each: MigrationJournal | MigrationRecord, servers: Collection[str]) -> bool:
    return not servers or each.name in servers or each.uuid in servers


def _is_open(record: MigrationRecord) -> bool:
    return not ended(record.state)


def _recover(world: World, journal: MigrationJournal) -> Iterator[RecoveryPlan]:
    hold = world.journals.hold(journal.uuid)
    if hold is None:
        return
    with hold:
        try:
            plan = _settle(world, journal)
        except exceptions.NovaXenError as error:
            plan = _undecided(journal.name, error)
        LOG.info("%s", plan.sentence)
        _close(world, journal.id, plan)
        yield plan


def _settle(world: World, journal: MigrationJournal) -> RecoveryPlan:
    peer = world.peer_of(journal.peer)
    try:
        return settle(
            world, journal, peer, lambda plan: _close(world, journal.id, plan)
        )
    finally:
        peer.close()


def _undecided(name: str, error: exceptions.NovaXenError) -> RecoveryPlan:
    return RecoveryPlan(
        state=MigrationState.UNDECIDED, sentence=f"Server {name}: {error}"
    )


def _close(world: World, migration: str, plan: RecoveryPlan) -> None:
    """The record tells how it ended, once that is sure."""
    for record in world.history.all():
        if record.id == migration and _is_open(record):
            made = dataclasses.replace(
                record, state=plan.state, ended=world.clock(), why=plan.sentence
            )
            try:
                world.history.keep(made)
            except OSError as error:
                LOG.warning("Server %s: its record: %s", record.name, error)


def _end_record(world: World, record: MigrationRecord) -> Iterator[RecoveryPlan]:
    hold = world.journals.hold(record.uuid)
    if hold is None:
        return
    with hold:
        again = [each for each in world.history.all() if each.id == record.id]
        if not any(map(_is_open, again)) or world.journals.load(record.uuid):
            return
        try:
            view = world.local.view(record.uuid, record.name)
        except exceptions.NovaXenError as error:
            yield _undecided(record.name, error)
            return
        if view.busy:
            return
        plan = _by_what_is_here(record, view)
        LOG.info("%s", plan.sentence)
        _close(world, record.id, plan)
        yield plan


def _by_what_is_here(record: MigrationRecord, view: GuestView) -> RecoveryPlan:
    """Both hosts were put right already, so it is where it is."""
    alive = any(not (domain.dying or domain.ended) for domain in view.xen)
    if alive or view.libvirt not in (LibvirtView.NONE, LibvirtView.INCOMING):
        sentence = f"Server {record.name} is on this host and has not moved."
        return RecoveryPlan(state=MigrationState.FAILED, sentence=sentence)
    sentence = (
        f"Server {record.name} is not on this host any more: it moved to host "
        f"{record.destination}."
    )
    return RecoveryPlan(state=MigrationState.DONE, sentence=sentence)
