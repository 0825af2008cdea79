# SPDX-License-Identifier: Apache-2.0
"""Migrations whose process died: what the next start, or a person, settles."""

import contextlib
import dataclasses
import logging
import socket
import threading
from collections.abc import Callable, Collection, Iterator

from nova_xen import exceptions
from nova_xen.migration.export import export_end
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.settle import Tell, settle, silently
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


#: seconds that the start of a service waits for them
START_PATIENCE = 10.0
#: seconds for a sign of life of a host that is said to be lost
_LIFE_PATIENCE = 3.0
_SSH_PORT = 22


def recover(
    world: World,
    servers: Collection[str] = (),
    *,
    lost_hosts: Collection[str] = (),
    tell: Tell = silently,
    alive: Callable[[str], str] | None = None,
) -> tuple[RecoveryPlan, ...]:
    """Settle the migrations that this host knows of and nobody works on.

    Those with a journal here are put right on both hosts. Those with a record alone
    were settled from the other host, or by a process that died right after: their
    record is ended by what is here.

    :param servers: names or UUIDs; all when empty
    :param lost_hosts: other hosts, by the names that the migrations were asked for
        with, of which a person is sure that they are off and will not come back with a
        guest running
    :param tell: told in a sentence what is waited for, before it is
    :param alive: what shows that a host that its peer does not answer for is there,
        "" when nothing does
    :raises MigrationNotFound: a server is named that has nothing to be settled here
    :raises HostNotConcerned: a lost host is the other one of no such migration
    :raises HostNotLost: it answers; nothing is changed then
    """
    journals, records = _unsettled(world, servers)
    with contextlib.ExitStack() as stack:
        work = _Work(world, stack, frozenset(lost_hosts), tell)
        work.require_lost(journals, alive or sign_of_life)
        return (
            *(plan for journal in journals for plan in _recover(work, journal)),
            *(plan for record in records for plan in _end_record(world, record)),
        )


def _unsettled(
    world: World, servers: Collection[str]
) -> tuple[list[MigrationJournal], list[MigrationRecord]]:
    """Journals, and records that are open without one.

    :raises MigrationNotFound: a server is named that has neither
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
    return journals, records


def sign_of_life(host: str) -> str:
    """What shows that a host is there though its peer gives no answer; "" for nothing.

    A refused connection is an answer too, of its kernel.
    """
    try:
        address = (host.strip("[]"), _SSH_PORT)
        socket.create_connection(address, _LIFE_PATIENCE).close()
    except ConnectionError:
        return f"it refuses connections to port {_SSH_PORT}"
    except OSError:
        return ""
    return f"it takes connections to port {_SSH_PORT}"


class _Work:
    """One call of recover: each other host has one peer, which is asked once when
    it cannot be reached.
    """

    def __init__(
        self,
        world: World,
        stack: contextlib.ExitStack,
        lost: Collection[str],
        tell: Tell,
    ) -> None:
        self.world = world
        self.lost = lost
        self.tell = tell
        self._stack = stack
        self._peers: dict[str, Peer] = {}

    def peer(self, host: str) -> Peer:
        """The other host's side, let go at the end."""
        if host not in self._peers:
            self._peers[host] = peer = self.world.peer_of(host)
            self._stack.callback(peer.close)
        return self._peers[host]

    def require_lost(
        self, journals: Collection[MigrationJournal], alive: Callable[[str], str]
    ) -> None:
        """See that the hosts that are said to be lost give no sign of life at all."""
        others = {journal.peer: journal for journal in journals}
        for host in sorted(self.lost):
            if host not in others:
                named = ", ".join(sorted(others)) or "none"
                raise exceptions.HostNotConcerned(destination=host, hosts=named)
            how = self._answer(others[host]) or alive(host)
            if how:
                raise exceptions.HostNotLost(destination=host, how=how)

    def _answer(self, journal: MigrationJournal) -> str:
        """How its peer answers, be it with an error; "" when it does not."""
        self.tell(f"Host {journal.peer} is asked whether it is there")
        try:
            self.peer(journal.peer).view(journal.uuid, journal.name)
        except exceptions.PeerUnreachable:
            return ""
        except exceptions.NovaXenError as error:
            return f"its nova-xen says: {str(error).rstrip('.')}"
        return "by its nova-xen"


def recover_at_start(world: World, *, patience: float = START_PATIENCE) -> None:
    """Settle what died as a service starts, which neither waits long nor fails of it.

    What takes longer than ``patience`` seconds, a host that gives no answer above all,
    goes on beside the service. What a person must decide is logged.
    """

    def work() -> None:
        try:
            for plan in recover(world):
                if plan.state is MigrationState.UNDECIDED:
                    LOG.warning("%s", whole(plan.sentence))
        except exceptions.NovaXenError as error:
            LOG.warning("Migrations that were cut short are not settled: %s", error)
        except Exception:
            LOG.exception("Migrations that were cut short are not settled")

    thread = threading.Thread(target=work, name="nova-xen-recover", daemon=True)
    thread.start()
    thread.join(patience)
    if thread.is_alive():
        LOG.info("Migrations that were cut short are still being settled.")


def whole(advice: str) -> str:
    """A sentence of an advice that has no full stop since something follows it."""
    if advice.endswith("."):
        return advice
    return f"{advice}, then run 'nova-xen migration recover' again."


def _chosen(each: MigrationJournal | MigrationRecord, servers: Collection[str]) -> bool:
    return not servers or each.name in servers or each.uuid in servers


def _is_open(record: MigrationRecord) -> bool:
    return not ended(record.state)


def _recover(work: _Work, journal: MigrationJournal) -> Iterator[RecoveryPlan]:
    world = work.world
    hold = world.journals.hold(journal.uuid)
    if hold is None:
        return
    with hold:
        # somebody may have worked on it until now
        kept = world.journals.load(journal.uuid)
        if kept is None:
            return
        try:
            plan = _settle(work, kept)
        except exceptions.NovaXenError as error:
            plan = _undecided(kept.name, error)
        LOG.info("%s", plan.sentence)
        _close(world, kept.id, plan)
        yield plan


def _settle(work: _Work, journal: MigrationJournal) -> RecoveryPlan:
    return settle(
        work.world,
        journal,
        work.peer(journal.peer),
        lambda plan: _close(work.world, journal.id, plan),
        tell=work.tell,
        lost=journal.peer in work.lost,
    )


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
            export_end(world, made)


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
