# SPDX-License-Identifier: Apache-2.0
"""Whatever dies when: never two running, never none without a reason, always an end.

The product's own orchestrator and recovery run over two hosts in memory.
"""

import pathlib
import shutil
import tempfile
import threading

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nova_xen.model import MigrationKind
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
from unit.migration import disasters
from unit.migration.disasters import Disaster
from unit.migration.hosts import Hosts
from unit.migration.settling import (
    HOSTS,
    attempt,
    check_settled,
    decide,
    recover,
    settle,
)

WAIT_SECONDS = 30.0
#: of an undisturbed migration
WRITES = 11


class Moves(RuleBasedStateMachine):
    """Migrations to and fro, one disaster for each, and recovery at any time."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="nova-xen-model-"))
        self._hosts = Hosts(self._folder)
        self._lost = self._declared = False
        self._held: list[threading.Event] = []

    @property
    def _calm(self) -> bool:
        """Whether nothing is left of an earlier migration, nor dark."""
        well = all(
            place.up and place.fake.reachable for place in self._hosts.places.values()
        )
        settled = not list(self._hosts.kept()) and not self._held
        return well and settled and len(self._hosts.executing()) == 1

    @precondition(lambda self: self._calm)
    @rule(
        point=st.sampled_from(Point),
        disaster=st.sampled_from([None, *disasters.ALL]),
        kind=st.sampled_from(MigrationKind),
        write=st.none() | st.integers(0, WRITES - 1),
        after=st.booleans(),
        at_once=st.booleans(),
    )
    def migrate(
        self,
        point: Point,
        disaster: Disaster | None,
        kind: MigrationKind,
        write: int | None,
        after: bool,
        at_once: bool,
    ) -> None:
        """Migrate; something happens at a point, the process may die at a write."""
        self._hosts.at_once = at_once
        [source] = self._hosts.executing()
        if disaster is not None:
            self._hosts.places[source].fake.at(
                point, lambda _: disaster(self._hosts, source)
            )
            self._lost |= disasters.loses(disaster, point)
        self._hosts.crash.set(write, after=after)
        attempt(self._hosts, source, kind)
        self._over()

    @precondition(lambda self: self._calm)
    @rule(point=st.sampled_from([p for p in Point if p is not Point.CONFIRMED]))
    def die_while_libvirt_waits(self, point: Point) -> None:
        """The process dies in mid-call, and libvirt's migration is held there."""
        [source] = self._hosts.executing()
        go_on = threading.Event()

        def hold(migration: Migration) -> None:
            self._hosts.crash.now()
            migration.when_over(go_on.set)
            go_on.wait(WAIT_SECONDS)

        self._hosts.places[source].fake.at(point, hold)
        attempt(self._hosts, source, MigrationKind.LIVE)
        self._held.append(go_on)

    @precondition(lambda self: self._held)
    @rule()
    def libvirt_goes_on(self) -> None:
        """The migration nobody waits for goes to its end."""
        self._held.pop().set()
        self._over()

    @rule(name=st.sampled_from(HOSTS), write=st.none() | st.integers(0, 3))
    def recover(self, name: str, write: int | None) -> None:
        """Recover on a host that has power; the process may die of it."""
        if self._hosts.places[name].up:
            self._hosts.crash.set(write)
            recover(self._hosts, name)

    @precondition(lambda self: not self._held)
    @rule(name=st.sampled_from(HOSTS), write=st.none() | st.integers(0, 3))
    def lose(self, name: str, write: int | None) -> None:
        """A host is off for good, says a person at the other one."""
        left = self._hosts.far(name)
        if not self._hosts.places[left].up or not list(self._hosts.kept()):
            return
        if self._hosts.places[name].up:
            self._hosts.darken(name)
        self._lost = self._declared = True
        self._hosts.crash.set(write)
        recover(self._hosts, left, name)

    @rule()
    def heal(self) -> None:
        """Bring both hosts back."""
        self._hosts.heal()

    @precondition(lambda self: not self._held)
    @rule(name=st.sampled_from(HOSTS))
    def restart_libvirtd(self, name: str) -> None:
        """An administrator restarts libvirtd."""
        if self._hosts.places[name].fake.answers:
            self._hosts.places[name].fake.break_connection()

    @invariant()
    def never_two(self) -> None:
        """Nothing that libvirt or nova-xen did has made a second running copy."""
        assert len(self._hosts.executing()) <= 1

    @invariant()
    def never_none_without_a_reason(self) -> None:
        """Its memory is on a host, as long as no host has lost it."""
        assert self._lost or self._hosts.domains()

    def _over(self) -> None:
        self._hosts.wait_for_calls()
        self._hosts.crash.set(None)

    def teardown(self) -> None:
        """With both hosts back, everything is settled."""
        try:
            while self._held:
                self._held.pop().set()
            self._over()
            decide(self._hosts, settle(self._hosts))
            check_settled(self._hosts, lost=self._lost, declared=self._declared)
        finally:
            self._hosts.close()
            shutil.rmtree(self._folder)


TestMoves = Moves.TestCase
TestMoves.settings = settings(
    max_examples=40,
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
