# SPDX-License-Identifier: Apache-2.0
"""When the program that pauses a suspended source is started, and when it is ended."""

import dataclasses
import os
import pathlib
import threading
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.migration import run
from nova_xen.migration.world import World
from nova_xen.model import (
    GuestView,
    MigrationProgress,
    MigrationRequest,
    MigrationState,
)
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
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

    def close(self) -> None:
        self.calls.append("close")

    def world(self) -> World:
        return dataclasses.replace(self._hosts.world("xen1"), pausing_of=self)


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


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
    assert told.calls[:4] == ["start", "ready preparing", "close", "look"]
    check_settled(hosts, lost=False)


def test_it_goes_on_with_libvirt_when_this_process_does_not(hosts: Hosts) -> None:
    told, go_on = Told(hosts), threading.Event()

    def wait(migration: Migration) -> None:
        migration.when_over(go_on.set)
        go_on.wait(WAIT_SECONDS)

    def watch(progress: MigrationProgress) -> None:
        if progress.state is MigrationState.COPYING:
            hosts.crash.now()

    hosts.places["xen1"].fake.at(Point.COPYING, wait)
    with pytest.raises(Killed):
        run.migrate(told.world(), REQUEST, watch)
    assert told.calls == ["start", "ready preparing"]
    go_on.set()
    hosts.wait_for_calls()
