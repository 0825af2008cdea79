# SPDX-License-Identifier: Apache-2.0
"""A host that is off for good: a person says so, and the other one settles it."""

import pathlib
import socket
import threading
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.exceptions.migration import HostNotConcerned, HostNotLost
from nova_xen.migration import recover
from nova_xen.model import MigrationKind, MigrationState
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
from unit.migration import disasters
from unit.migration.hosts import NAME, Hosts
from unit.migration.settling import UNDECIDED, attempt, check_settled, settle, undecided

S = MigrationState
LOOPBACK = "127.0.0.1"


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def darken(
    hosts: Hosts,
    lost: str,
    point: Point,
    kind: MigrationKind = MigrationKind.LIVE,
    *,
    alive: bool = True,
) -> None:
    """Migrate from xen1, and have a host lose power at a point."""
    disaster = disasters.darken_source if lost == "xen1" else disasters.darken_target

    def act(_migration: Migration) -> None:
        if not alive:
            hosts.crash.now()
        disaster(hosts, "xen1")

    hosts.places["xen1"].fake.at(point, act)
    attempt(hosts, "xen1", kind)
    hosts.wait_for_calls()
    hosts.crash.set(None)


@pytest.mark.parametrize("alive", [True, False], ids=["", "and the process dies"])
@pytest.mark.parametrize("kind", MigrationKind)
@pytest.mark.parametrize("point", Point)
@pytest.mark.parametrize("lost", ["xen1", "xen2"])
def test_one_runs_or_its_definition_is_lost(
    hosts: Hosts, lost: str, point: Point, kind: MigrationKind, alive: bool
) -> None:
    darken(hosts, lost, point, kind, alive=alive)
    left = hosts.far(lost)
    before = list(hosts.places[left].journals.all())
    plans = hosts.recover(left, *([lost] if before else []))
    assert undecided(list(plans)) == []
    assert list(hosts.places[left].journals.all()) == []
    with_it = [left] if left in hosts.persistent() else []
    assert hosts.executing() == with_it
    # it comes back without the guest running, as a person has said
    assert undecided(settle(hosts)) == []
    assert hosts.executing() == with_it
    check_settled(hosts, lost=True)


def test_without_the_word_nothing_is_ended_and_the_word_is_named(hosts: Hosts) -> None:
    hosts.places["xen1"].fake.resumes = False
    darken(hosts, "xen2", Point.STOPPED, MigrationKind.STOP_AND_COPY, alive=False)
    before = hosts.domains()
    [plan] = hosts.recover("xen1")
    assert (plan.state, hosts.domains()) == (UNDECIDED, before)
    assert f"run 'nova-xen migration recover {NAME} --lost-host xen2'" in plan.sentence
    [plan] = hosts.recover("xen1", "xen2")
    assert (plan.state, plan.sentence) == (
        S.FAILED,
        f"Server {NAME} runs on this host, started from its disks: its memory is lost.",
    )
    assert hosts.executing() == ["xen1"]


@pytest.mark.parametrize("point", [Point.COPYING, Point.STOPPED])
def test_what_is_still_sent_there_is_cut_at_once(hosts: Hosts, point: Point) -> None:
    """The kernel would hold the connection for alive for a quarter of an hour."""

    def act(migration: Migration) -> None:
        gone = threading.Event()
        hosts.crash.now()
        hosts.places["xen2"].up = False
        migration.when_over(gone.set)
        gone.wait(30)

    hosts.places["xen1"].fake.at(point, act)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.crash.set(None)
    began = hosts.clock()
    [plan] = hosts.recover("xen1", "xen2")
    assert hosts.clock() - began < 30
    assert plan.state is S.FAILED
    assert hosts.executing() == ["xen1"]
    hosts.wait_for_calls()
    hosts.darken("xen2")
    assert undecided(settle(hosts)) == []
    check_settled(hosts, lost=True)


@pytest.mark.parametrize("broken", [False, True], ids=["well", "with an error"])
def test_a_host_that_answers_is_not_lost(hosts: Hosts, broken: bool) -> None:
    hosts.crash.set(5)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.wait_for_calls()
    if broken:
        hosts.places["xen2"].toolstack.broken = "xl is gone"
    before = hosts.domains(), hosts.executing(), list(hosts.kept())
    with pytest.raises(HostNotLost, match="xl is gone" if broken else "by its nova"):
        hosts.recover("xen1", "xen2")
    assert (hosts.domains(), hosts.executing(), list(hosts.kept())) == before


def test_a_host_that_shows_another_sign_of_life_is_not_lost(hosts: Hosts) -> None:
    darken(hosts, "xen2", Point.COPYING)
    asked: list[str] = []

    def alive(host: str) -> str:
        asked.append(host)
        return "it refuses connections"

    with pytest.raises(HostNotLost, match="it refuses connections"):
        recover.recover(hosts.world("xen1"), lost_hosts=["xen2"], alive=alive)
    assert asked == ["xen2"]
    assert len(list(hosts.places["xen1"].journals.all())) == 1


@pytest.mark.parametrize("named", ["xen3", "xen1", ""])
def test_a_host_that_is_not_concerned(hosts: Hosts, named: str) -> None:
    darken(hosts, "xen2", Point.COPYING)
    with pytest.raises(HostNotConcerned, match="there are such with: xen2"):
        hosts.recover("xen1", named)
    with pytest.raises(exceptions.MigrationNotFound):
        recover.recover(hosts.world("xen1"), ["nobody"], lost_hosts=["xen2"])
    assert len(list(hosts.places["xen1"].journals.all())) == 1


def test_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(recover, "_SSH_PORT", port)
        assert recover.sign_of_life(LOOPBACK) == f"it takes connections to port {port}"
        assert recover.sign_of_life(f"[{LOOPBACK}]") != ""
    told = f"it refuses connections to port {port}"
    assert recover.sign_of_life(LOOPBACK) == told


@pytest.mark.parametrize(
    "error", [TimeoutError(), OSError(113, "No route to host"), socket.gaierror(-2)]
)
def test_no_sign_of_life(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_address: object, _seconds: float) -> socket.socket:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    assert recover.sign_of_life("xen2") == ""
