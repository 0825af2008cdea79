# SPDX-License-Identifier: Apache-2.0
"""Migrate, recover, and look whether two hosts in memory are settled."""

import contextlib

from nova_xen import exceptions
from nova_xen.model import MigrationKind, MigrationState, RecoveryPlan
from unit.migration.crashing import Killed
from unit.migration.hosts import Hosts

HOSTS = ("xen1", "xen2")
UNDECIDED = MigrationState.UNDECIDED
HALF = "never became whole"


def attempt(hosts: Hosts, source: str, kind: MigrationKind) -> None:
    """Migrate; it may fail in its own words, or its process may die."""
    with contextlib.suppress(exceptions.NovaXenError, Killed):
        hosts.migrate(source, kind)


def recover(hosts: Hosts, name: str, *lost: str) -> tuple[RecoveryPlan, ...]:
    """Recover on one host; it may say that it cannot, or die."""
    with contextlib.suppress(exceptions.NovaXenError, Killed):
        return hosts.recover(name, *lost)
    return ()


def settle(hosts: Hosts) -> list[RecoveryPlan]:
    """Bring both hosts back and let each recover."""
    hosts.heal()
    hosts.crash.set(None)
    return [plan for name in HOSTS for plan in recover(hosts, name)]


def undecided(plans: list[RecoveryPlan]) -> list[RecoveryPlan]:
    """Those that a person must decide."""
    return [plan for plan in plans if plan.state is MigrationState.UNDECIDED]


def states(hosts: Hosts) -> set[MigrationState]:
    """How the migrations of both hosts stand, by their records."""
    return {record.state for name in HOSTS for record in hosts.records(name)}


def decide(hosts: Hosts, plans: list[RecoveryPlan]) -> None:
    """Do the one thing that a person is asked to: end a copy that is not whole."""
    asked = undecided(plans)
    assert all(HALF in plan.sentence for plan in asked), asked
    if asked:
        for place in hosts.places.values():
            for record in place.fake.xen:
                assert record.paused
                place.toolstack.destroy(record.domid)
        assert undecided(settle(hosts)) == []


def check_settled(hosts: Hosts, *, lost: bool, declared: bool = False) -> None:
    """One runs, or none for a reason, and nothing else is left of anything.

    A host that a person declared lost, and that comes back, may have a definition too.
    """
    assert list(hosts.kept()) == []
    running = hosts.executing()
    assert len(running) == 1 or (lost and running == [])
    assert hosts.domains() == running
    assert len(hosts.persistent()) in ((1, 2) if declared else (1,))
    assert hosts.defined() == hosts.persistent()
    assert set(running) <= set(hosts.persistent())
    for name in HOSTS:
        folder = hosts.places[name].folder / "journals"
        assert not folder.exists() or list(folder.iterdir()) == []
