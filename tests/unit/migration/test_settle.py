# SPDX-License-Identifier: Apache-2.0
"""What both hosts have, looked at and put right: waits, errors, records, resumes."""

import dataclasses
import itertools
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.migration import recover, run, settle
from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.model import (
    GuestView,
    MigrationKind,
    MigrationProgress,
    MigrationRequest,
    MigrationState,
    RecoveryAction,
    RecoveryPlan,
    XenDomain,
)
from nova_xen.planning.migration.states import ended
from nova_xen.testing import FakeSockets, Point
from nova_xen.testing.migration import Migration
from unit.migration import disasters
from unit.migration.crashing import Killed
from unit.migration.disasters import Disaster
from unit.migration.hosts import NAME, UUID, Hosts
from unit.migration.settling import HOSTS, UNDECIDED, check_settled, states

S = MigrationState
WAIT_SECONDS = 30.0


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def hold(
    hosts: Hosts, point: Point, kind: MigrationKind = MigrationKind.LIVE
) -> threading.Event:
    """Let the process die at a point while libvirt is held there."""
    go_on = threading.Event()

    def act(migration: Migration) -> None:
        hosts.crash.now()
        migration.when_over(go_on.set)
        go_on.wait(WAIT_SECONDS)

    hosts.places["xen1"].fake.at(point, act)
    with pytest.raises(Killed):
        hosts.migrate("xen1", kind)
    return go_on


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("point", [Point.COPYING, Point.STOPPED, Point.RECEIVED])
def test_what_libvirt_still_migrates_is_left_alone(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, point: Point, name: str
) -> None:
    go_on = hold(hosts, point)
    acked = itertools.count(1)
    monkeypatch.setattr(FakeSockets, "bytes_acked", lambda *_: next(acked))
    before = hosts.domains(), hosts.executing()
    began = hosts.clock()
    [plan] = hosts.recover(name)
    assert hosts.clock() - began >= settle.LIBVIRT_PATIENCE
    assert plan.state is UNDECIDED
    assert name != "xen1" or "libvirt still migrates it" in plan.sentence
    assert (hosts.domains(), hosts.executing()) == before
    go_on.set()
    hosts.wait_for_calls()
    assert [each.state for each in hosts.recover(name)] == [S.DONE]
    hosts.recover(hosts.far(name))
    check_settled(hosts, lost=False)


@pytest.mark.parametrize("kind", MigrationKind)
@pytest.mark.parametrize("point", [Point.COPYING, Point.STOPPED])
def test_what_takes_nothing_for_a_minute_is_cut(
    hosts: Hosts, caplog: pytest.LogCaptureFixture, kind: MigrationKind, point: Point
) -> None:
    """Nobody watches it any more, and the kernel waits for a quarter of an hour."""
    hold(hosts, point, kind)
    began = hosts.clock()
    [plan] = hosts.recover("xen1")
    assert hosts.clock() - began < settle.LIBVIRT_PATIENCE
    assert "has taken nothing for 6" in caplog.text
    assert plan.state is S.FAILED
    assert hosts.executing() == ["xen1"]
    hosts.wait_for_calls()
    check_settled(hosts, lost=False)


def test_what_is_not_counted_is_not_cut(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = hold(hosts, Point.STOPPED)
    monkeypatch.setattr(FakeSockets, "bytes_acked", lambda *_: None)
    [plan] = hosts.recover("xen1")
    assert (plan.state, hosts.executing()) == (UNDECIDED, [])
    go_on.set()
    hosts.wait_for_calls()
    assert [each.state for each in hosts.recover("xen1")] == [S.DONE]


def test_what_no_kernel_cuts_is_waited_for(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> bool:
        raise exceptions.SocketsUnavailable(action="closed", why="only root may")

    go_on = hold(hosts, Point.STOPPED)
    monkeypatch.setattr(FakeSockets, "close", refuse)
    [plan] = hosts.recover("xen1")
    assert plan.state is UNDECIDED
    assert "only root may" in caplog.text
    go_on.set()
    hosts.wait_for_calls()
    assert [each.state for each in hosts.recover("xen1")] == [S.DONE]


def test_its_end_is_waited_for(hosts: Hosts) -> None:
    go_on = hold(hosts, Point.COPYING)
    world = hosts.world("xen1")

    def sleep(seconds: float) -> None:
        go_on.set()
        hosts.wait_for_calls()

    [plan] = recover.recover(dataclasses.replace(world, sleep=sleep))
    assert plan.state is S.DONE
    check_settled(hosts, lost=False)


CUT: list[tuple[Disaster, MigrationKind, Point]] = [
    (disasters.cut, MigrationKind.LIVE, Point.STOPPED),
    (disasters.cut, MigrationKind.STOP_AND_COPY, Point.COPYING),
    (disasters.end_arriving, MigrationKind.STOP_AND_COPY, Point.COPYING),
]


@pytest.mark.parametrize(("disaster", "kind", "point"), CUT)
def test_what_libvirt_leaves_suspended_is_resumed(
    hosts: Hosts, disaster: Disaster, kind: MigrationKind, point: Point
) -> None:
    """libvirt says that it runs, and Xen that it does not."""
    left: list[str] = []

    def act(migration: Migration) -> None:
        migration.when_over(lambda: left.extend(hosts.executing()))
        disaster(hosts, "xen1")

    hosts.places["xen1"].fake.at(point, act)
    with pytest.raises(exceptions.MigrationFailed, match=r"runs on this host\.$"):
        hosts.migrate("xen1", kind)
    assert left == []
    assert hosts.executing() == ["xen1"]
    check_settled(hosts, lost=False)


def test_one_that_is_dying_there_is_waited_for(hosts: Hosts) -> None:
    """The source goes on once Xen has freed the other."""
    looks: list[int] = []
    world = hosts.world("xen1")
    peer: Any = world.peer_of("xen2")
    real: Callable[[str, str], GuestView] = peer.view

    def view(uuid: str, name: str) -> GuestView:
        looks.append(len(hosts.executing()))
        dying = XenDomain(domid=9, name=NAME, uuid=UUID, dying=True)
        seen = real(uuid, name)
        return seen if len(looks) > 3 else dataclasses.replace(seen, xen=(dying,))

    peer.view = view
    hosts.places["xen1"].fake.at(Point.STOPPED, lambda _: disasters.cut(hosts, "xen1"))
    request = MigrationRequest(server=NAME, destination="xen2")
    with pytest.raises(exceptions.MigrationFailed):
        run.migrate(dataclasses.replace(world, peer_of=lambda address: peer), request)
    assert looks[:4] == [0, 0, 0, 0]
    assert hosts.executing() == ["xen1"]


@pytest.mark.parametrize("host", ["xen1", "xen2"])
def test_xen_that_cannot_be_asked_is_a_silent_host(hosts: Hosts, host: str) -> None:
    def act(_migration: Migration) -> None:
        hosts.places[host].toolstack.broken = "xl is gone"
        disasters.cut(hosts, "xen1")

    hosts.places["xen1"].fake.at(Point.COPYING, act)
    with pytest.raises(exceptions.NovaXenError, match="gives no answer"):
        hosts.migrate("xen1")
    assert states(hosts) <= {*filter(ended, S), UNDECIDED}
    assert len(list(hosts.kept())) > 0
    hosts.places[host].toolstack.broken = None
    hosts.recover("xen1")
    check_settled(hosts, lost=False)


def test_a_step_that_fails_is_told(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(domid: int) -> None:
        raise exceptions.ToolstackFailed(doing="resuming", why="Xen says no")

    monkeypatch.setattr(hosts.places["xen1"].toolstack, "resume", refuse)
    hosts.places["xen1"].fake.at(Point.STOPPED, lambda _: disasters.cut(hosts, "xen1"))
    with pytest.raises(exceptions.MigrationUndecided, match="Xen says no") as told:
        hosts.migrate("xen1")
    assert "step resume on the source failed" in str(told.value)
    assert states(hosts) == {UNDECIDED}
    monkeypatch.undo()
    assert [each.state for each in hosts.recover("xen1")] == [S.FAILED]
    check_settled(hosts, lost=False)
    assert states(hosts) == {S.FAILED}


def test_steps_after_one_that_failed_are_not_done(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came over must go before the source goes on."""
    stopped = Point.RECEIVED
    hosts.places["xen1"].fake.resumes = False

    def refuse(domid: int) -> None:
        raise exceptions.ToolstackFailed(doing="destroying", why="Xen says no")

    monkeypatch.setattr(hosts.places["xen2"].toolstack, "destroy", refuse)
    hosts.places["xen1"].fake.at(
        stopped, lambda _: disasters.kill_source(hosts, "xen1")
    )
    with pytest.raises(exceptions.MigrationUndecided, match="Xen says no"):
        hosts.migrate("xen1")
    assert hosts.executing() == []
    monkeypatch.undo()
    hosts.recover("xen1")
    check_settled(hosts, lost=False)


def test_a_journal_that_stays_does_not_change_the_end(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, uuid: str) -> None:
        raise exceptions.ToolstackFailed(doing="removing", why="read-only")

    with monkeypatch.context() as patch:
        patch.setattr("unit.migration.crashing.CrashingJournals.remove", refuse)
        hosts.places["xen1"].fake.at(
            Point.COPYING, lambda _: disasters.cut(hosts, "xen1")
        )
        with pytest.raises(exceptions.MigrationFailed, match="runs on this host"):
            hosts.migrate("xen1")
    assert states(hosts) == {S.FAILED}
    assert len(list(hosts.kept())) == 2
    assert [each.state for each in hosts.recover("xen1")] == [S.FAILED]
    check_settled(hosts, lost=False)


def _without_end(hosts: Hosts, record_here: bool) -> None:
    """A record whose process died right after the journals were gone."""
    if record_here:
        record = hosts.migrate("xen1")
    else:
        hosts.places["xen1"].fake.at(
            Point.COPYING, lambda _: disasters.cut(hosts, "xen1")
        )
        with pytest.raises(exceptions.MigrationFailed):
            hosts.migrate("xen1")
        [record] = hosts.records("xen1")
    hosts.world("xen1").history.keep(
        dataclasses.replace(record, state=S.COPYING, ended=None)
    )


@pytest.mark.parametrize(("moved", "state"), [(True, S.DONE), (False, S.FAILED)])
def test_a_record_without_a_journal_is_ended_by_what_is_here(
    hosts: Hosts, moved: bool, state: MigrationState
) -> None:
    _without_end(hosts, moved)
    [plan] = hosts.recover("xen1")
    assert (plan.state, states(hosts)) == (state, {state})
    assert hosts.records("xen1")[0].ended is not None
    assert hosts.recover("xen1") == ()


def test_a_record_is_left_while_somebody_works_on_it(hosts: Hosts) -> None:
    _without_end(hosts, True)
    with hosts.places["xen1"].journals.hold(UUID) or pytest.fail("it is free"):
        assert hosts.recover("xen1") == ()
    assert states(hosts) == {S.COPYING}


def test_a_record_is_left_while_its_host_cannot_be_asked(hosts: Hosts) -> None:
    _without_end(hosts, True)
    hosts.places["xen1"].toolstack.broken = "xl is gone"
    [plan] = hosts.recover("xen1")
    assert (plan.state, states(hosts)) == (UNDECIDED, {S.COPYING})


@pytest.mark.parametrize("after", [False, True])
def test_a_record_is_ended_before_the_journal_goes(hosts: Hosts, after: bool) -> None:
    hosts.crash.set(10, after=after)
    with pytest.raises(Killed):
        hosts.migrate("xen1")
    assert states(hosts) == {S.DONE}


class Interrupting:
    """A watch whose process is told to stop, once, in mid-copy."""

    def __init__(self) -> None:
        self._pressed = False

    def __call__(self, progress: MigrationProgress) -> None:
        if progress.state is S.COPYING and not self._pressed:
            self._pressed = True
            raise KeyboardInterrupt


class Pressed(FakeSockets):
    """Of a process that is told to stop again as it begins to abort."""

    def close(self, socket: MigrationSocket) -> bool:
        raise KeyboardInterrupt


@pytest.mark.parametrize("again", [False, True])
def test_an_interrupted_migration_is_not_forgotten(hosts: Hosts, again: bool) -> None:
    """libvirt goes on when its process does not, so the journals stay then."""
    go_on = threading.Event()

    def act(migration: Migration) -> None:
        migration.when_over(go_on.set)
        go_on.wait(WAIT_SECONDS)

    fake = hosts.places["xen1"].fake
    fake.at(Point.COPYING, act)
    request = MigrationRequest(server=NAME, destination="xen2")
    world = hosts.world("xen1")
    if not again:
        with pytest.raises(exceptions.MigrationAborted, match="was interrupted"):
            run.migrate(world, request, Interrupting())
        assert states(hosts) == {S.ABORTED}
    else:
        world = dataclasses.replace(world, sockets_of=lambda: Pressed(fake))
        with pytest.raises(KeyboardInterrupt):
            run.migrate(world, request, Interrupting())
        assert len(list(hosts.kept())) == 2
        go_on.set()
        hosts.wait_for_calls()
        plans: tuple[RecoveryPlan, ...] = hosts.recover("xen1")
        assert [ended(plan.state) for plan in plans] == [True]
    check_settled(hosts, lost=False)
    assert all(map(ended, states(hosts)))


def test_restarts_that_only_a_person_can_do_are_told(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice of the host is the advice of the plan."""
    place = hosts.places["xen2"]
    advice = "Restart libvirtd on host xen2"

    def carry_out(self: object, uuid: str, name: str, step: Any) -> None:
        if step.action is RecoveryAction.RESTART_LIBVIRTD:
            raise exceptions.MigrationUndecided(
                server=name, destination="xen2", why="no command", advice=advice
            )

    monkeypatch.setattr("unit.migration.hosts.Restarting.carry_out", carry_out)
    hosts.places["xen1"].fake.at(
        Point.PREPARED, lambda _: disasters.kill_source(hosts, "xen1")
    )
    with pytest.raises(exceptions.MigrationUndecided, match=f"{advice}, then run"):
        hosts.migrate("xen1")
    assert place.fake.guests


def test_a_disk_that_goes_away_at_the_destination(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that were checked are asked for again while memory goes over."""
    disk, asked = "/srv/web/disk", list[tuple[str, ...]]()

    def missing(_peer: LocalPeer, files: tuple[str, ...]) -> tuple[str, ...]:
        asked.append(files)
        return files

    def until_cut(migration: Migration) -> None:
        end = time.monotonic() + 60
        while migration.connected and time.monotonic() < end:
            time.sleep(0.001)

    monkeypatch.setattr(run, "files_of", lambda moving: (disk,))
    monkeypatch.setattr(LocalPeer, "missing", missing)
    hosts.places["xen1"].fake.at(Point.COPYING, until_cut)
    with pytest.raises(exceptions.MigrationAborted, match=f"not have {disk} any more"):
        hosts.migrate("xen1")
    assert asked == [(disk,)]
    check_settled(hosts, lost=False)
    assert hosts.executing() == ["xen1"]


def _unplugged(hosts: Hosts, point: Point) -> None:
    """The link goes in the last pass: the guest stands still at the source."""
    fake = hosts.places["xen1"].fake
    fake.at(point, lambda _: disasters.unplug(hosts, "xen1"))


@pytest.mark.parametrize(
    ("point", "home"), [(Point.RECEIVED, "xen1"), (Point.STARTED, "xen2")]
)
def test_a_guest_that_stands_still_waits_for_the_other_host(
    hosts: Hosts, point: Point, home: str
) -> None:
    _unplugged(hosts, point)
    world, slept = hosts.world("xen1"), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        hosts.clock.sleep(seconds)
        if sum(slept) > settle.SILENT_PATIENCE / 2:
            hosts.places["xen2"].fake.plug()

    world = dataclasses.replace(world, sleep=sleep)
    request = MigrationRequest(server=NAME, destination="xen2")
    if home == "xen2":
        assert run.migrate(world, request).state is S.DONE
    else:
        with pytest.raises(exceptions.MigrationFailed, match="runs on this host"):
            run.migrate(world, request)
    assert hosts.executing() == [home]
    check_settled(hosts, lost=False)


def test_it_does_not_wait_for_ever(hosts: Hosts) -> None:
    _unplugged(hosts, Point.RECEIVED)
    began = hosts.clock()
    with pytest.raises(exceptions.MigrationUndecided, match="its domain 1 paused"):
        hosts.migrate("xen1")
    waited = hosts.clock() - began
    assert settle.SILENT_PATIENCE <= waited < 1.2 * settle.SILENT_PATIENCE
    assert hosts.executing() == []
    # who recovers waits for nothing: a person can say that the host is lost
    began = hosts.clock()
    [plan] = hosts.recover("xen1")
    assert plan.state is UNDECIDED
    assert hosts.clock() - began < settle.PAUSE
    hosts.heal()
    assert [each.state for each in hosts.recover("xen1")] == [S.FAILED]
    assert hosts.executing() == ["xen1"]
    check_settled(hosts, lost=False)


def test_a_guest_that_runs_waits_for_nobody(hosts: Hosts) -> None:
    _unplugged(hosts, Point.COPYING)
    began = hosts.clock()
    with pytest.raises(exceptions.MigrationFailed):
        hosts.migrate("xen1")
    assert hosts.clock() - began < settle.SILENT_PATIENCE
    assert hosts.executing() == ["xen1"]
