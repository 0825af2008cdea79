# SPDX-License-Identifier: Apache-2.0
"""Several migrations at once, and what is told while they are recovered."""

import dataclasses
import pathlib
import threading
from collections.abc import Iterator

import pytest

from nova_xen.migration import recover
from nova_xen.migration.interfaces import Peer
from nova_xen.model import MigrationKind, MigrationState
from nova_xen.testing import Point
from nova_xen.testing.migration import Migration
from unit.migration.hosts import NAME, Hosts
from unit.migration.peer.scene import OTHER, journal
from unit.migration.settling import attempt, check_settled

S = MigrationState
WAIT_SECONDS = 30.0


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def test_each_other_host_has_one_peer(hosts: Hosts) -> None:
    """One that is down is waited for once, whatever was on its way there."""
    hosts.crash.set(5)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.wait_for_calls()
    hosts.crash.set(None)
    here = hosts.places["xen1"].journals
    here.keep(journal(OTHER, name="db", peer="xen2", state=S.PREPARING))
    hosts.darken("xen2")
    opened: list[str] = []
    world = hosts.world("xen1")

    def peer_of(address: str) -> Peer:
        opened.append(address)
        return world.peer_of(address)

    plans = recover.recover(dataclasses.replace(world, peer_of=peer_of))
    assert len(plans) == 2
    assert opened == ["xen2"]


def test_what_is_waited_for_is_told(hosts: Hosts) -> None:
    go_on = threading.Event()

    def act(migration: Migration) -> None:
        hosts.crash.now()
        migration.when_over(go_on.set)
        go_on.wait(WAIT_SECONDS)

    hosts.places["xen1"].fake.at(Point.COPYING, act)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if "worked on" in sentence:
            go_on.set()
            hosts.wait_for_calls()

    recover.recover(hosts.world("xen1"), tell=tell)
    assert told[:3] == [
        f"Server {NAME}: host xen2 is asked what it has of it",
        f"Server {NAME}: it is still worked on, which is waited for, 300 s at most",
        f"Server {NAME}: host xen2 is asked what it has of it",
    ]
    assert f"Server {NAME}: forget is done on the source" in told
    check_settled(hosts, lost=False)
