# SPDX-License-Identifier: Apache-2.0
"""Opening, breaking, repeating and counting."""

from __future__ import annotations

import threading
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import Connection, Deadlines, Guest, Kind
from nova_xen.testing import FakeHost

from .test_errors import libvirt_error


class Opener:
    """Opens connections to a fake host unless told to fail; counts."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.times = 0
        self.errors: list[BaseException] = []

    def __call__(self, uri: str) -> Any:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.host.connect(uri)


@pytest.fixture
def opener(host: FakeHost) -> Opener:
    return Opener(host)


@pytest.fixture
def connection(opener: Opener) -> Connection:
    return Connection(opener=opener)


def hostname(connection: Connection) -> str:
    name: str = connection.call("getHostname", doing="reading the host's name")
    return name


def refused() -> Any:
    return libvirt_error(38, libvirt.VIR_FROM_RPC, "Connection refused")


def test_it_is_opened_once_when_first_needed(
    connection: Connection, opener: Opener
) -> None:
    assert opener.times == 0
    assert not connection.is_alive()
    assert [hostname(connection) for _ in range(3)] == ["xen1"] * 3
    assert opener.times == 1
    assert connection.is_alive()


def test_round_trips_are_counted_by_libvirts_names(connection: Connection) -> None:
    for _ in range(3):
        hostname(connection)
    connection.call("listAllDomains", 0, doing="listing")
    assert connection.calls == {"getHostname": 3, "listAllDomains": 1}


def test_threads_share_one_connection(connection: Connection, opener: Opener) -> None:
    threads = [threading.Thread(target=hostname, args=(connection,)) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert opener.times == 1
    assert connection.calls["getHostname"] == 10


def test_a_daemon_that_never_was_there_is_reported_at_once(
    connection: Connection, opener: Opener
) -> None:
    opener.errors = [refused()]
    with pytest.raises(exceptions.HypervisorUnavailable, match="Connection refused"):
        hostname(connection)
    assert opener.times == 1


def test_a_query_survives_a_restart_of_the_daemon(
    connection: Connection, opener: Opener, host: FakeHost
) -> None:
    hostname(connection)
    host.break_connection()
    opener.errors = [refused(), refused()]
    assert hostname(connection) == "xen1"
    assert opener.times == 4


def test_a_query_is_not_repeated_for_ever(
    connection: Connection, opener: Opener, host: FakeHost
) -> None:
    hostname(connection)
    host.break_connection()
    opener.errors = [refused() for _ in range(100)]
    with pytest.raises(exceptions.HypervisorUnavailable):
        hostname(connection)
    assert 2 <= opener.times <= 10


def test_a_daemon_that_came_back_without_xen_is_not_asked_again(
    connection: Connection, opener: Opener, host: FakeHost
) -> None:
    hostname(connection)
    host.break_connection()
    opener.errors = [libvirt_error(1, message="libxenlight state driver is not active")]
    with pytest.raises(exceptions.NoXen):
        hostname(connection)
    assert opener.times == 2


def test_a_query_that_broke_in_flight_is_repeated(
    connection: Connection, opener: Opener, host: FakeHost
) -> None:
    host.fail_next("getHostname", 1, "client socket is closed", domain=7)
    assert hostname(connection) == "xen1"
    assert opener.times == 2
    assert connection.calls["getHostname"] == 2


def break_while(host: FakeHost, operation: str) -> threading.Thread:
    """Restart the daemon once a call of ``operation`` is being made."""
    hang = host.hang(operation)

    def restart() -> None:
        assert hang.entered.wait(60)
        host.break_connection()

    thread = threading.Thread(target=restart)
    thread.start()
    return thread


def test_a_create_is_never_repeated(host: FakeHost, guest: Guest) -> None:
    restarting = break_while(host, "create")
    with pytest.raises(exceptions.HypervisorUnavailable, match="may or may not") as up:
        guest.start()
    restarting.join(60)
    assert "starting server web1" in str(up.value)
    assert [call.method for call in host.calls].count("createWithFlags") == 1


def test_a_create_is_sent_when_the_connection_was_dead_before(
    host: FakeHost, guest: Guest
) -> None:
    host.break_connection()
    guest.start()
    assert host.guest("web1").active


def test_the_other_hosts_death_does_not_break_this_connection(
    connection: Connection, opener: Opener, host: FakeHost
) -> None:
    """A migration answers with the same numbers when the target's daemon died."""
    host.fail_next("getHostname", 1, "end of file while reading data", domain=7)
    with pytest.raises(exceptions.HypervisorError, match="end of file") as caught:
        connection.call("getHostname", doing="migrating", kind=Kind.MIGRATE)
    assert type(caught.value) is exceptions.HypervisorError
    assert hostname(connection) == "xen1"
    assert opener.times == 1


def test_a_hung_call_ends_at_its_deadline(host: FakeHost) -> None:
    connection = Connection(opener=host.connect, deadlines=Deadlines(query=0.05))
    host.hang("getHostname")
    with pytest.raises(exceptions.DeadlineExceeded, match="reading the host's name"):
        hostname(connection)
    assert [call.method for call in host.calls].count("getHostname") == 1


def test_a_hung_open_ends_at_its_deadline(host: FakeHost) -> None:
    never = threading.Event()
    connection = Connection(
        opener=lambda uri: never.wait(), deadlines=Deadlines(open=0.05)
    )
    with pytest.raises(exceptions.DeadlineExceeded, match="opening xen:///system"):
        hostname(connection)
    never.set()


def test_listeners_see_every_opening_before_it_is_used(
    connection: Connection, host: FakeHost
) -> None:
    seen: list[str] = []
    connection.on_open(lambda raw: seen.append(f"open, {raw.getHostname()}"))
    connection.on_broken(lambda: seen.append("broken"))
    assert seen == []
    hostname(connection)
    host.break_connection()
    hostname(connection)
    assert seen == ["open, xen1", "broken", "open, xen1"]


def test_a_late_listener_is_told_of_the_open_connection(connection: Connection) -> None:
    hostname(connection)
    seen: list[Any] = []
    connection.on_open(seen.append)
    assert len(seen) == 1


def test_closed_it_opens_anew(connection: Connection, opener: Opener) -> None:
    hostname(connection)
    connection.close()
    connection.close()
    assert not connection.is_alive()
    assert hostname(connection) == "xen1"
    assert opener.times == 2


def test_an_interrupted_call_interrupts(connection: Connection, host: FakeHost) -> None:
    host.interrupt_next("getHostname", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        hostname(connection)
