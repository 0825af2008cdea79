# SPDX-License-Identifier: Apache-2.0
"""Every disaster at every point, and a death at every write of a journal."""

import pathlib
from collections.abc import Iterator

import pytest

from nova_xen.model import MigrationKind, MigrationState
from nova_xen.planning.migration.states import ended
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
from unit.migration import disasters
from unit.migration.crashing import Killed
from unit.migration.disasters import Disaster
from unit.migration.hosts import Hosts
from unit.migration.settling import (
    HOSTS,
    UNDECIDED,
    attempt,
    check_settled,
    decide,
    recover,
    settle,
    states,
    undecided,
)

#: of an undisturbed migration: five states on two hosts, begun and ended; with two of
#: them seen at once, four
WRITES = {False: 11, True: 9}
WRITTEN = [(once, number) for once, most in WRITES.items() for number in range(most)]
#: the process that migrates dies of these
KILLING = (disasters.crash, disasters.darken_source)


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("at_once", WRITES)
def test_an_undisturbed_migration(hosts: Hosts, at_once: bool) -> None:
    hosts.at_once = at_once
    record = hosts.migrate("xen1")
    assert record.state is MigrationState.DONE
    assert hosts.crash.writes == WRITES[at_once]
    check_settled(hosts, lost=False)
    assert hosts.executing() == ["xen2"]


def test_there_and_back(hosts: Hosts) -> None:
    for source in HOSTS * 2:
        assert hosts.migrate(source).state is MigrationState.DONE
    check_settled(hosts, lost=False)
    assert hosts.executing() == ["xen1"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("at_once", "write"), WRITTEN)
def test_a_crash_at_every_write_of_a_journal(
    hosts: Hosts, at_once: bool, write: int, after: bool
) -> None:
    hosts.at_once = at_once
    hosts.crash.set(write, after=after)
    with pytest.raises(Killed):
        hosts.migrate("xen1")
    hosts.wait_for_calls()
    assert len(hosts.executing()) == 1
    assert not [
        plan for plan in settle(hosts) if plan.state is MigrationState.UNDECIDED
    ]
    check_settled(hosts, lost=False)


CASES = [(disaster, point) for disaster in disasters.ALL for point in Point]


def named(disaster: Disaster, point: Point) -> str:
    return f"{disaster.__name__} {point.name.lower()}"


def happens(hosts: Hosts, disaster: Disaster, point: Point, *, alive: bool) -> None:
    """Migrate from xen1 with a disaster at a point."""

    def act(_migration: Migration) -> None:
        if not alive:
            hosts.crash.now()
        disaster(hosts, "xen1")

    hosts.places["xen1"].fake.at(point, act)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.wait_for_calls()


@pytest.mark.parametrize("alive", [True, False], ids=["", "and the process dies"])
@pytest.mark.parametrize(
    ("disaster", "point"),
    [pytest.param(*case, id=named(*case)) for case in CASES],
)
def test_every_disaster_at_every_point(
    hosts: Hosts, disaster: Disaster, point: Point, alive: bool
) -> None:
    happens(hosts, disaster, point, alive=alive)
    assert len(hosts.executing()) <= 1
    decide(hosts, settle(hosts))
    check_settled(hosts, lost=disasters.loses(disaster, point))


@pytest.mark.parametrize(
    ("disaster", "point"),
    [pytest.param(*case, id=named(*case)) for case in CASES if case[0] not in KILLING],
)
def test_who_asked_is_told_an_end(
    hosts: Hosts, disaster: Disaster, point: Point
) -> None:
    happens(hosts, disaster, point, alive=True)
    assert states(hosts) <= {*filter(ended, MigrationState), UNDECIDED}


@pytest.mark.parametrize("name", HOSTS)
def test_records_end_wherever_it_is_recovered(hosts: Hosts, name: str) -> None:
    happens(hosts, disasters.crash, Point.COPYING, alive=True)
    assert undecided(list(recover(hosts, name))) == []
    recover(hosts, hosts.far(name))
    assert all(map(ended, states(hosts)))


@pytest.mark.parametrize("alive", [True, False], ids=["", "and the process dies"])
@pytest.mark.parametrize("disaster", sorted(disasters.UNANSWERED, key=str))
def test_when_the_last_answer_is_lost_one_runs(
    hosts: Hosts, disaster: Disaster, alive: bool
) -> None:
    """libvirt resumes the source; Xen has it paused, so that it does not run."""
    resumed: list[tuple[bool, bool]] = []

    def see(hosts: Hosts, source: str) -> None:
        disaster(hosts, source)
        resumed.extend(
            (record.suspended, record.paused)
            for record in hosts.places[source].fake.xen
        )

    happens(hosts, see, Point.STARTED, alive=alive)
    assert resumed == [(False, True)]
    assert hosts.executing() == ["xen2"]
    assert undecided(settle(hosts)) == []
    check_settled(hosts, lost=False)
    assert hosts.executing() == ["xen2"]
