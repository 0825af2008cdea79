# SPDX-License-Identifier: Apache-2.0
"""The start of a service settles what died; the start of a command does not."""

import logging
import os
import pathlib
import threading

import pytest

from nova_xen.driver import LibvirtDriver
from nova_xen.migration import recover
from nova_xen.migration.journal import Journals
from nova_xen.model import MigrationKind, MigrationState
from nova_xen.testing import Point
from unit.cli.refusing_child import make_driver
from unit.migration.hosts import UUID, Hosts
from unit.migration.peer.scene import journal
from unit.migration.settling import attempt, check_settled

S = MigrationState
WAIT_SECONDS = 30.0


def with_journal(folder: pathlib.Path, state: MigrationState) -> LibvirtDriver:
    """A driver whose host has the journal of a migration that was cut short."""
    tools = folder / "bin"
    tools.mkdir()
    listed = f"Name ID Mem VCPUs State Time(s) UUID\nweb 1 64 1 -b---- 1.0 {UUID}"
    (tools / "xl").write_text(f"#!/bin/sh\necho '{listed}'\n")
    (tools / "xl").chmod(0o755)
    kept = journal(state=state, peer="xen2", kind=MigrationKind.LIVE)
    Journals(str(folder / "state")).keep(kept)
    return make_driver(folder)


def test_a_command_leaves_migrations_alone(tmp_path: pathlib.Path) -> None:
    driver = with_journal(tmp_path, S.STOPPED)
    assert driver.init_host() == ()
    assert "_migrations" not in vars(driver)
    assert Journals(str(tmp_path / "state")).load(UUID) is not None


@pytest.mark.parametrize(("state", "kept"), [(S.PREPARING, False), (S.STOPPED, True)])
def test_a_service_settles_what_it_can_and_tells_the_rest(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    state: MigrationState,
    kept: bool,
) -> None:
    """Its other host gives no answer."""
    driver = with_journal(tmp_path, state)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    with caplog.at_level(logging.WARNING):
        assert driver.init_host("xen1") == ()
    assert (Journals(str(tmp_path / "state")).load(UUID) is not None) is kept
    told = [line for line in caplog.messages if "may run on host xen2" in line]
    assert len(told) == int(kept)
    assert all("--lost-host xen2" in line for line in told)


def test_a_service_keeps_what_it_started_on_other_hosts(
    tmp_path: pathlib.Path,
) -> None:
    driver = make_driver(tmp_path)
    driver.init_host("xen1")
    pool = driver._migrations._pool
    peer = pool.peer("xen2")
    peer.close()
    assert pool.peer("xen2") is not peer, "it could not be reached"
    kept: list[str] = []
    peer.answers = lambda: True  # type: ignore[method-assign]
    peer.shut = lambda: kept.append("shut")  # type: ignore[method-assign]
    peer.close()
    assert (pool.peer("xen2") is peer, kept) == (True, [])
    peer.close()
    driver.cleanup_host()
    assert kept == ["shut"]


def test_a_command_needs_no_other_host_to_end(tmp_path: pathlib.Path) -> None:
    driver = make_driver(tmp_path)
    driver.cleanup_host()
    assert "_migrations" not in vars(driver)


def test_a_service_starts_though_nothing_can_be_asked(tmp_path: pathlib.Path) -> None:
    state = tmp_path / "state"
    driver = make_driver(tmp_path)
    state.mkdir()
    (state / "journals").touch()
    (state / "history").touch()
    assert driver.init_host("xen1") == ()


def test_a_host_that_never_answers_does_not_hold_up_the_start(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = Hosts(tmp_path)
    hosts.crash.set(5)
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.wait_for_calls()
    hosts.crash.set(None)
    answers, world = threading.Event(), hosts.world("xen1")
    peer_of = world.peer_of

    def slow(address: str) -> object:
        answers.wait(WAIT_SECONDS)
        return peer_of(address)

    object.__setattr__(world, "peer_of", slow)
    before = set(threading.enumerate())
    with caplog.at_level(logging.INFO):
        recover.recover_at_start(world, patience=0.05)
    assert "are still being settled" in caplog.text
    assert list(hosts.kept()) != []
    [thread] = [
        each
        for each in set(threading.enumerate()) - before
        if each.name == "nova-xen-recover"
    ]
    answers.set()
    thread.join(WAIT_SECONDS)
    hosts.recover("xen2")
    check_settled(hosts, lost=False)
    hosts.close()


def test_what_was_cut_is_settled_before_the_service_goes_on(
    tmp_path: pathlib.Path,
) -> None:
    hosts = Hosts(tmp_path)
    hosts.places["xen1"].fake.at(Point.COPYING, lambda _: hosts.crash.now())
    attempt(hosts, "xen1", MigrationKind.LIVE)
    hosts.wait_for_calls()
    recover.recover_at_start(hosts.world("xen1"))
    hosts.recover("xen2")
    check_settled(hosts, lost=False)
    hosts.close()
