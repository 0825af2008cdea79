# SPDX-License-Identifier: Apache-2.0
"""Which peers are kept for the next server, and which are closed at once."""

import contextlib
import os
import pathlib
import signal
import threading
import time
from collections.abc import Iterator
from threading import Timer

import pytest

from nova_xen import exceptions
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.kept import KeptPeer, PeerPool
from nova_xen.model import Inquiry
from unit.migration.peer.scene import NAME, UUID, document, journal
from unit.migration.peer.test_ssh import SERVING, TESTS

INQUIRY = Inquiry(name=NAME, uuid=UUID, files=())


@pytest.fixture(autouse=True)
def _with_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


@pytest.fixture
def journals(tmp_path: pathlib.Path) -> Journals:
    return Journals(str(tmp_path / "state"))


@pytest.fixture
def pool(tmp_path: pathlib.Path) -> Iterator[PeerPool]:
    command = (*SERVING, str(tmp_path / "state"))
    made = PeerPool(lambda address, back: KeptPeer(command, address, back))
    yield made
    made.close()


def pid_of(peer: KeptPeer) -> int | None:
    """The process of its program, as long as there is one."""
    return peer._program._process.pid if peer._program is not None else None


def migrated(peer: KeptPeer) -> int | None:
    """A migration that goes well; gives the program's process."""
    peer.ask(INQUIRY)
    peer.begin(journal())
    peer.arrived(journal(), document(), None)
    peer.end("m-1")
    return pid_of(peer)


def test_a_service_keeps_it_for_the_next_server(
    pool: PeerPool, journals: Journals
) -> None:
    pool.keep()
    peer = pool.peer("xen2")
    first = migrated(peer)
    peer.close()
    assert pid_of(peer) == first is not None
    again = pool.peer("xen2")
    assert migrated(again) == first
    again.close()
    assert not journals.busy(UUID)
    pool.close()
    assert pid_of(again) is None


def test_a_command_does_not(pool: PeerPool) -> None:
    peer = pool.peer("xen2")
    assert migrated(peer)
    peer.close()
    assert pid_of(peer) is None
    assert pool.peer("xen2") is not peer


@pytest.mark.parametrize("far", ["begin", "note"])
def test_one_that_may_hold_something_is_closed(
    pool: PeerPool, journals: Journals, far: str
) -> None:
    pool.keep()
    peer = pool.peer("xen2")
    peer.begin(journal())
    if far == "note":
        peer.end("m-1")
        with contextlib.suppress(exceptions.MigrationNotFound):
            peer.note(journal())
    peer.close()
    assert pid_of(peer) is None
    assert not journals.busy(UUID)
    assert pool.peer("xen2") is not peer


def test_each_that_is_in_use_is_one_of_its_own(pool: PeerPool) -> None:
    pool.keep()
    peers = [pool.peer("xen2"), pool.peer("xen2"), pool.peer("xen3")]
    assert len(set(peers)) == 3
    for each in peers:
        each.ask(INQUIRY)
        each.close()
    assert pool.peer("xen3") is peers[2]
    assert {pool.peer("xen2"), pool.peer("xen2")} == set(peers[:2])
    for each in peers:
        each.close()


def test_one_that_died_meanwhile_is_started_again(pool: PeerPool) -> None:
    pool.keep()
    peer = pool.peer("xen2")
    first = migrated(peer)
    peer.close()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    second = pool.peer("xen2")
    assert migrated(second) not in (None, first)
    second.close()


def test_it_is_not_kept_for_ever(pool: PeerPool) -> None:
    pool.keep(0.05)
    peer = pool.peer("xen2")
    peer.ask(INQUIRY)
    peer.close()
    end = time.monotonic() + 30
    while pid_of(peer) is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert pid_of(peer) is None
    assert pool.peer("xen2") is not peer


def test_a_closed_pool_keeps_none(pool: PeerPool) -> None:
    pool.keep()
    peer = pool.peer("xen2")
    peer.ask(INQUIRY)
    pool.close()
    peer.close()
    assert pid_of(peer) is None
    timers = [each for each in threading.enumerate() if isinstance(each, Timer)]
    mine = [each for each in timers if each.function == pool._expire]
    assert all(each.finished.is_set() for each in mine)
