# SPDX-License-Identifier: Apache-2.0
"""When the program that pauses a suspended source is started, and when it is ended."""

import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import migrate_guest
from nova_xen.hypervisor.pause_mark import mark_of, paused_domain, write_mark
from nova_xen.migration import guard, recover, run
from nova_xen.migration.world import World
from nova_xen.model import (
    GuestView,
    MigrationProgress,
    MigrationRequest,
    MigrationState,
)
from nova_xen.testing import FakePausing, FakeSockets, Point
from nova_xen.testing.migration import Migration
from unit.migration import disasters
from unit.migration.crashing import Killed
from unit.migration.hosts import NAME, UUID, Hosts
from unit.migration.settling import check_settled

REQUEST = MigrationRequest(server=NAME, destination="xen2")
WAIT_SECONDS = 30.0


class Told:
    """What happens to the program, in order, with what the source has by then."""

    def __init__(self, hosts: Hosts, trouble: str = "") -> None:
        self._hosts = hosts
        self._trouble = trouble
        self.calls: list[str] = []

    def __call__(self, domid: int, journal: str) -> "Told":
        [record] = self._hosts.places["xen1"].fake.xen
        assert record.domid == domid
        assert os.path.basename(journal) == f"{UUID}.json"
        self.calls.append("start")
        return self

    def ready(self) -> None:
        journal = self._hosts.places["xen1"].journals.load(UUID)
        assert journal is not None
        self.calls.append(f"ready {journal.state}")
        if self._trouble:
            raise exceptions.ToolstackFailed(doing="getting ready", why=self._trouble)

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        self.calls.append("close")

    def world(self) -> World:
        return dataclasses.replace(self._hosts.world("xen1"), pausing_of=self)


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def die(hosts: Hosts, world: World) -> None:
    """The process that migrates dies as it copies."""

    def watch(progress: MigrationProgress) -> None:
        if progress.state is MigrationState.COPYING:
            hosts.crash.now()

    with pytest.raises(Killed):
        run.migrate(world, REQUEST, watch)


def test_it_is_ready_before_libvirt_is_asked(hosts: Hosts) -> None:
    told = Told(hosts)
    hosts.places["xen1"].fake.at(Point.PREPARED, lambda _: told.calls.append("libvirt"))
    assert run.migrate(told.world(), REQUEST).state is MigrationState.DONE
    assert told.calls == ["start", "ready preparing", "libvirt", "close"]


def test_without_it_nothing_is_begun(hosts: Hosts) -> None:
    told = Told(hosts, "libxenlight is not installed")
    with pytest.raises(exceptions.MigrationFailed) as failed:
        run.migrate(told.world(), REQUEST)
    assert "libxenlight is not installed" in str(failed.value)
    assert "runs on this host" in str(failed.value)
    asked = [call.method for call in hosts.places["xen1"].fake.calls]
    assert "migrateToURI3" not in asked
    assert told.calls == ["start", "ready preparing", "close"]
    assert hosts.executing() == ["xen1"]
    check_settled(hosts, lost=False)


def test_it_is_ended_before_it_is_looked_where_the_guest_is(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did is seen then, and it does nothing afterwards."""
    told = Told(hosts)
    world = told.world()
    seen = world.local.view

    def view(uuid: str, name: str) -> GuestView:
        told.calls.append("look")
        return seen(uuid, name)

    monkeypatch.setattr(world.local, "view", view)
    hosts.places["xen1"].fake.at(Point.STOPPED, lambda migration: migration.cut())
    with pytest.raises(exceptions.MigrationFailed):
        run.migrate(world, REQUEST)
    looks = ["look", "close", "look"]
    assert told.calls[:5] == ["start", "ready preparing", *looks]
    check_settled(hosts, lost=False)


def test_it_goes_on_with_libvirt_when_this_process_does_not(hosts: Hosts) -> None:
    told, go_on = Told(hosts), threading.Event()

    def wait(migration: Migration) -> None:
        migration.when_over(go_on.set)
        go_on.wait(WAIT_SECONDS)

    hosts.places["xen1"].fake.at(Point.COPYING, wait)
    die(hosts, told.world())
    assert told.calls == ["start", "ready preparing"]
    go_on.set()
    hosts.wait_for_calls()


def hold(hosts: Hosts, seen: threading.Event | None = None) -> threading.Event:
    """Hold libvirt in mid-copy, and lose its last answer once it goes on."""
    go_on = threading.Event()

    def wait(migration: Migration) -> None:
        if seen is not None:
            seen.set()
        migration.when_over(go_on.set)
        go_on.wait(WAIT_SECONDS)

    fake = hosts.places["xen1"].fake
    fake.at(Point.COPYING, wait)
    fake.at(Point.STARTED, lambda _: disasters.kill_target(hosts, "xen1"))
    return go_on


def check_one(hosts: Hosts, go_on: threading.Event) -> None:
    """libvirt goes on, and one runs, before a recovery and after it."""
    go_on.set()
    hosts.wait_for_calls()
    assert hosts.executing() == ["xen2"]
    assert [plan.state for plan in hosts.recover("xen1")] == [MigrationState.DONE]
    assert hosts.executing() == ["xen2"]
    check_settled(hosts, lost=False)


def test_libvirt_goes_on_when_its_answer_is_not_awaited(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call took too long for us, or its connection broke; libvirt's did not."""
    seen, whole = threading.Event(), migrate_guest
    go_on = hold(hosts, seen)

    def late(*given: Any, **named: Any) -> None:
        def call() -> None:
            with contextlib.suppress(exceptions.NovaXenError):
                whole(*given, **named)

        threading.Thread(target=call, daemon=True).start()
        assert seen.wait(WAIT_SECONDS)
        raise exceptions.DeadlineExceeded(doing="migrating", server=NAME, seconds=1)

    monkeypatch.setattr(run, "migrate_guest", late)
    monkeypatch.setattr(FakeSockets, "bytes_acked", lambda *_: None)
    with pytest.raises(exceptions.MigrationUndecided, match="libvirt still migrates"):
        hosts.migrate("xen1")
    check_one(hosts, go_on)


@pytest.mark.parametrize("left", [True, False])
def test_whoever_recovers_sees_that_it_is_paused(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    """A service manager ends what a service has started, with it."""
    go_on = hold(hosts)

    die(hosts, hosts.world("xen1"))
    if not left:
        hosts.places["xen1"].fake.xen.to_pause.clear()
    monkeypatch.setattr(FakeSockets, "bytes_acked", lambda *_: None)
    [plan] = hosts.recover("xen1")
    assert plan.state is MigrationState.UNDECIDED
    check_one(hosts, go_on)


def test_what_cannot_be_paused_is_logged(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = hold(hosts)

    die(hosts, hosts.world("xen1"))
    monkeypatch.setattr(FakeSockets, "bytes_acked", lambda *_: None)
    told = Told(hosts, "libxenlight is not installed")
    [plan] = recover.recover(told.world())
    assert plan.state is MigrationState.UNDECIDED
    # tried at each look, and told once
    assert len(told.calls) > 3
    said = [line for line in caplog.messages if "libxenlight is not" in line]
    assert len(said) == 1
    go_on.set()
    hosts.wait_for_calls()


def test_one_that_was_ended_too_early_is_started_anew(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = hold(hosts)
    die(hosts, hosts.world("xen1"))
    hosts.places["xen1"].fake.xen.to_pause.clear()
    monkeypatch.setattr(FakeSockets, "bytes_acked", lambda *_: None)
    monkeypatch.setattr(FakePausing, "trouble", lambda _: "it ended (-9)")
    started = []
    world = hosts.world("xen1")

    def start(domid: int, journal: str) -> FakePausing:
        started.append(domid)
        return FakePausing(hosts.places["xen1"].fake, domid, journal)

    recover.recover(dataclasses.replace(world, pausing_of=start))
    assert len(started) > 1
    check_one(hosts, go_on)


#: holds a mark's lock as the program does, and ends when it is killed
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def survivor(hosts: Hosts) -> Iterator[subprocess.Popen[bytes]]:
    """A program that works though the process that started it is dead."""
    journals = hosts.places["xen1"].journals
    os.makedirs(journals.folder, exist_ok=True)
    write_mark(journals.path(UUID), 77)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, mark_of(journals.path(UUID))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@contextlib.contextmanager
def aside(hosts: Hosts) -> Iterator[None]:
    """Put the survivor's file where no migration finds it, and back as its mark.

    What the migration of this time has marked by then is what it tells.
    """
    mark = pathlib.Path(mark_of(hosts.places["xen1"].journals.path(UUID)))
    elsewhere = mark.rename(mark.with_suffix(".elsewhere"))
    yield
    text = mark.read_text() if mark.exists() else ""
    elsewhere.rename(mark)
    mark.write_text(text)


def test_a_new_migration_ends_it_and_forgets_its_mark(
    hosts: Hosts, survivor: subprocess.Popen[bytes]
) -> None:
    journal, marks = hosts.places["xen1"].journals.path(UUID), []

    class Marks(Told):
        def ready(self) -> None:
            marks.append(paused_domain(journal))
            super().ready()

    assert run.migrate(Marks(hosts).world(), REQUEST).state is MigrationState.DONE
    assert survivor.wait(WAIT_SECONDS) == -signal.SIGKILL
    assert marks == [None]


def test_it_is_ended_when_the_checks_refuse(hosts: Hosts) -> None:
    told = Told(hosts)
    hosts.places["xen2"].fake.versions["hypervisor"] = 4016000
    with pytest.raises(exceptions.MigrationRefused, match=r"4\.16"):
        run.migrate(told.world(), REQUEST)
    assert told.calls == ["start", "close"]


def test_one_that_cannot_be_started_is_told_before_anything_is_begun(
    hosts: Hosts,
) -> None:
    def start(domid: int, path: str) -> Told:
        raise exceptions.ToolstackFailed(doing="getting ready", why="no memory")

    world = dataclasses.replace(hosts.world("xen1"), pausing_of=start)
    with pytest.raises(exceptions.MigrationRefused, match="getting ready: no memory"):
        run.migrate(world, REQUEST)
    assert hosts.places["xen1"].journals.all() == ()


def test_a_guest_that_reboots_meanwhile_is_not_migrated(hosts: Hosts) -> None:
    """What is started waits for the domain that there was before."""

    class Reboots(Told):
        def ready(self) -> None:
            super().ready()
            hosts.places["xen1"].fake.guest_reboots(NAME)

    told = Reboots(hosts)
    with pytest.raises(exceptions.MigrationRefused, match="it was rebooted meanwhile"):
        run.migrate(told.world(), REQUEST)
    assert told.calls == ["start", "ready preparing", "close"]
    assert hosts.executing() == ["xen1"]


@pytest.mark.parametrize("name", ["xen1", "xen2"])
def test_whoever_settles_it_ends_it(
    hosts: Hosts,
    survivor: subprocess.Popen[bytes],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the other host by the step that lets the guest go on."""
    fake = hosts.places["xen1"].fake
    fake.at(Point.STOPPED, lambda migration: migration.cut())
    fake.at(Point.COPYING, lambda _: hosts.crash.now())
    with aside(hosts):
        with pytest.raises(Killed):
            run.migrate(hosts.world("xen1"), REQUEST)
        hosts.wait_for_calls()
    world, alive = hosts.world(name), list[bool]()
    seen = world.local.view

    def view(uuid: str, name: str) -> GuestView:
        alive.append(survivor.poll() is None)
        return seen(uuid, name)

    monkeypatch.setattr(world.local, "view", view)
    [plan] = recover.recover(world)
    assert plan.state is MigrationState.FAILED
    if name == "xen1":
        # what it did last is looked at before anything is decided
        assert alive[:2] == [True, False]
    assert survivor.wait(WAIT_SECONDS) == -signal.SIGKILL
    assert hosts.executing() == ["xen1"]


def test_a_look_that_failed_ends_nothing(
    hosts: Hosts,
    survivor: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody knows then whether libvirt is done."""
    go_on = hold(hosts)
    with aside(hosts):
        die(hosts, hosts.world("xen1"))
    world = hosts.world("xen1")

    def view(uuid: str, name: str) -> GuestView:
        raise exceptions.ToolstackFailed(doing="listing", why="xl is busy")

    monkeypatch.setattr(world.local, "view", view)
    [plan] = recover.recover(world)
    assert plan.state is MigrationState.UNDECIDED
    assert survivor.poll() is None
    go_on.set()
    hosts.wait_for_calls()


def test_one_that_cannot_be_ended_is_told(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The guest is settled all the same."""

    def refuse(journal: str) -> None:
        raise exceptions.ToolstackFailed(doing="ending it", why="it does not end")

    def cut(migration: Migration) -> None:
        monkeypatch.setattr(guard, "end_pausing", refuse)
        migration.cut()

    hosts.places["xen1"].fake.at(Point.STOPPED, cut)
    with pytest.raises(exceptions.MigrationFailed, match="runs on this host"):
        hosts.migrate("xen1")
    assert "it does not end" in caplog.text
    check_settled(hosts, lost=False)
