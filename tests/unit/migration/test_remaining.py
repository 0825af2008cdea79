# SPDX-License-Identifier: Apache-2.0
"""Which remains of a migration keep others from a server."""

import pathlib
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import find_guest
from nova_xen.hypervisor.pause_mark import write_mark
from nova_xen.migration.remaining import how_unsettled
from nova_xen.model import MigrationKind, MigrationState
from nova_xen.testing import Point
from unit.migration import disasters
from unit.migration.hosts import NAME, UUID, Hosts
from unit.migration.settling import attempt

S = MigrationState
SHORT = "in a migration that was cut short"


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def found(hosts: Hosts) -> str | None:
    """What keeps others from it at xen1."""
    world = hosts.world("xen1")
    how = how_unsettled(world, find_guest(world.host.connection, NAME))
    if how is None:
        return None
    state, advice = how
    assert advice == f"run 'nova-xen migration recover {NAME}' first"
    return state


def cut_short(hosts: Hosts, point: Point = Point.COPYING) -> None:
    """The destination loses its power, so that the journal stays."""
    fake = hosts.places["xen1"].fake
    fake.at(point, lambda _: disasters.darken_target(hosts, "xen1"))
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.wait_for_calls()


def test_one_that_never_stood_still_is_free(hosts: Hosts) -> None:
    """Its destination may be away for days."""
    cut_short(hosts)
    [journal] = hosts.places["xen1"].journals.all()
    assert journal.state is S.COPYING
    assert found(hosts) is None
    [plan] = hosts.recover("xen1")
    assert (plan.state, found(hosts)) == (S.FAILED, None)


def test_one_that_stands_still_is_not(hosts: Hosts) -> None:
    cut_short(hosts, Point.RECEIVED)
    assert found(hosts) == SHORT
    hosts.heal()
    hosts.recover("xen1")
    assert found(hosts) is None


def test_one_that_was_marked_is_not(hosts: Hosts) -> None:
    cut_short(hosts)
    write_mark(hosts.places["xen1"].journals.path(UUID), 1)
    assert found(hosts) == SHORT


def test_one_that_is_off_is_not(hosts: Hosts) -> None:
    """It may have gone over as the process was dead."""
    cut_short(hosts)
    hosts.places["xen1"].fake.connect().lookupByName(NAME).destroy()
    assert found(hosts) == SHORT


def test_one_of_which_xen_cannot_be_asked_is_told(hosts: Hosts) -> None:
    cut_short(hosts)
    world = hosts.world("xen1")
    hosts.places["xen1"].toolstack.broken = "xl is gone"
    with pytest.raises(exceptions.ToolstackFailed, match="xl is gone"):
        how_unsettled(world, find_guest(world.host.connection, NAME))


@pytest.mark.parametrize("write", [0, 1, 2])
def test_one_that_was_not_begun_is_free(hosts: Hosts, write: int) -> None:
    hosts.crash.set(write, after=True)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    states = [each.state for each in hosts.places["xen1"].journals.all()]
    assert states == [S.PREPARING if write < 2 else S.COPYING]
    hosts.wait_for_calls()
    assert found(hosts) is None
