# SPDX-License-Identifier: Apache-2.0
"""One migration as it goes on: its state, journals, samples and record."""

import dataclasses
import logging
import os
import uuid as uuids
from collections.abc import Callable, Mapping

from nova_xen import exceptions
from nova_xen.migration.export import export_end
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.journal import boot_id
from nova_xen.migration.world import World
from nova_xen.model import (
    MIB,
    MigrationJournal,
    MigrationProgress,
    MigrationRecord,
    MigrationSample,
    MigrationState,
    Side,
)
from nova_xen.planning.migration.estimate import progress
from nova_xen.planning.migration.states import (
    SUCCESSORS,
    ended,
    require_successor,
)

LOG = logging.getLogger(__name__)
#: states in which the migration is under way whether the other host hears of it or not
_UNDER_WAY = frozenset(
    {
        MigrationState.STOPPED,
        MigrationState.FINISHING,
        MigrationState.ABORTING,
    }
)


class Story:
    """Written before it happens, on both hosts; the record is for people.

    The journals of both hosts are on the disk before the step that they announce, and
    so is the record's end before they go. What the record tells meanwhile, samples
    too, is written for other processes to see and not waited for.
    """

    def __init__(
        self,
        world: World,
        peer: Peer,
        record: MigrationRecord,
        watch: Callable[[MigrationProgress], None],
        *,
        definition: str = "",
    ) -> None:
        self._world = world
        self._peer = peer
        self._watch = watch
        self._definition = definition
        self.record = record
        self.throttled = False
        self._samples: list[MigrationSample] = []
        self._mirrored: MigrationJournal | None = None

    @property
    def mirrored(self) -> MigrationJournal:
        """The destination's journal as it was last sent."""
        return self._mirrored or self.journal(Side.DESTINATION)

    @property
    def state(self) -> MigrationState:
        """Where the migration is."""
        return self.record.state

    def begin(self, peer_of_peer: str) -> None:
        """Keep the journals of both hosts.

        :param peer_of_peer: this host's address as the other one reaches it
        :raises MigrationRefused: the other host works on this guest already
        """
        self._enter(MigrationState.PREPARING)
        self._world.journals.keep(self.journal(Side.SOURCE))
        self._mirrored = dataclasses.replace(self.mirrored, peer=peer_of_peer)
        self._peer.begin(self._mirrored)
        self.keep()

    def journal(self, side: Side) -> MigrationJournal:
        """What a host must know should this process die now."""
        record = self.record
        return MigrationJournal(
            id=record.id,
            side=side,
            uuid=record.uuid,
            name=record.name,
            peer=record.destination,
            uri=record.uri,
            kind=record.kind,
            state=record.state,
            updated=self._world.clock(),
            pid=os.getpid(),
            boot_id=boot_id(),
            definition=self._definition if side is Side.SOURCE else "",
        )

    def enter(self, state: MigrationState) -> None:
        """Note a new state on both hosts, before what it names is done."""
        self._enter(state)
        self._note(state)

    def seen(self, states: Mapping[MigrationState, float]) -> None:
        """Note on both hosts, at once, which states it has entered, and when."""
        for state, at in states.items():
            self._enter(state, at)
        if states:
            self._note(self.state)

    def _note(self, state: MigrationState) -> None:
        self._world.journals.keep(self.journal(Side.SOURCE))
        self._mirrored = dataclasses.replace(
            self.mirrored, state=state, updated=self._world.clock()
        )
        try:
            self._peer.note(self._mirrored)
        except exceptions.NovaXenError as error:
            if state not in _UNDER_WAY:
                raise
            LOG.warning("Server %s, %s: %s", self.record.name, state, error)
        self.keep()

    def end(self, state: MigrationState, why: str = "") -> MigrationRecord:
        """Note how it ended; the journals are the caller's.

        What was seen contradicts what was known where ``state`` cannot follow, and
        that is for a person.
        """
        if state not in SUCCESSORS[self.state]:
            state, why = MigrationState.UNDECIDED, f"{state}, but: {why}"
        self._enter(state)
        self.record = dataclasses.replace(
            self.record, ended=self._world.clock(), why=why
        )
        self.keep()
        self.tell()
        export_end(self._world, self.record)
        return self.record

    def _enter(self, state: MigrationState, at: float | None = None) -> None:
        require_successor(self.record.state, state)
        moment = self._world.clock() if at is None else at
        self.record = dataclasses.replace(
            self.record, state=state, entered={**self.record.entered, state: moment}
        )
        if self._samples:
            self.sample(self._samples[-1].bytes_sent)
        LOG.info("Server %s: migration %s", self.record.name, state)

    def sample(self, bytes_sent: int | None) -> None:
        """Keep one measurement."""
        self._samples.append(
            MigrationSample(
                at=self._world.clock(), state=self.state, bytes_sent=bytes_sent
            )
        )

    def measured(self, downtime: float | None) -> None:
        """Keep how long the guest stood still, in seconds."""
        self.record = dataclasses.replace(self.record, downtime=downtime)

    def progress(self) -> MigrationProgress:
        """What the samples say so far."""
        return progress(
            self._samples,
            memory=self.record.memory_mib * MIB,
            started=self.record.started,
            state=self.state,
            now=self._world.clock(),
            kind=self.record.kind,
            downtime=self.record.downtime,
            throttled=self.throttled,
        )

    def tell(self) -> MigrationProgress:
        """Show the progress to whoever asked for it, and return it."""
        made = self.progress()
        self._watch(made)
        return made

    def keep(self) -> None:
        """Write the record; a full disk must not end a migration."""
        made = self.progress()
        self.record = dataclasses.replace(
            self.record,
            samples=tuple(self._samples),
            bytes_sent=made.bytes_sent,
            passes=made.passes,
        )
        try:
            self._world.history.keep(self.record)
        except OSError as error:
            LOG.warning("Server %s: its record: %s", self.record.name, error)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return ended(self.state)


def new_id() -> str:
    """A name for a migration that nothing else has."""
    return str(uuids.uuid4())
