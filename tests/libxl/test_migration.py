# SPDX-License-Identifier: Apache-2.0
"""The driver's migrations between two real libvirtds over simulated Xen."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from libxl.hosts import make_plan, open_driver
from libxl.migrating import Background, Between, Place
from libxl.rig.daemon import Daemon
from libxl.rig.waiting import until
from nova_xen import exceptions
from nova_xen.hypervisor import find_guest
from nova_xen.migration.control import Wish, Wishes
from nova_xen.model import MigrationKind, MigrationState, TimeoutAction

NAME = "web"
#: bytes that the simulation sends before it waits, and of the end of its stream
HALF = 32 * 4096
PROTOCOL = 4096
ROUND_TRIPS = 500
PVH = {"hw_machine_type": "xenpvh"}


@pytest.fixture
def places(xen1: Daemon, xen2: Daemon, tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    made = tuple(
        Place(daemon, tmp_path / host, tmp_path)
        for host, daemon in (("xen1", xen1), ("xen2", xen2))
    )
    yield made[0], made[1]
    for place in made:
        place.host.connection.close()


@pytest.fixture
def there(places: tuple[Place, Place], tmp_path: Path) -> Between:
    """The way to the second host of a PVH server that runs on the first."""
    driver = open_driver(places[0].daemon.uri, tmp_path)
    driver.spawn(make_plan(driver, tmp_path, NAME, properties=PVH))
    driver.cleanup_host()
    return Between(*places)


def homes(way: Between) -> list[int]:
    """On which of the two hosts Xen runs the guest, by Xen's own word."""
    return [
        number
        for number, place in enumerate((way.here, way.there))
        for domain in place.toolstack.domains()
        if domain.name == NAME and not domain.paused and not domain.suspended
    ]


def left_behind(way: Between) -> list[object]:
    """Journals and held servers."""
    places = (way.here, way.there)
    return [each for place in places for each in place.journals.all()]


def test_there_and_back(there: Between) -> None:
    back = Between(there.there, there.here)
    for _ in range(10):
        record = there.migrate(NAME)
        assert record.state is MigrationState.DONE
        assert homes(there) == [1]
        assert left_behind(there) == []
        guest = find_guest(there.there.host.connection, NAME)
        assert guest.domain(inactive=True).uuid == record.uuid
        with pytest.raises(exceptions.ServerNotFound):
            find_guest(there.here.host.connection, NAME)
        assert back.migrate(NAME).state is MigrationState.DONE


def open_files(pid: int | str, kind: str = "") -> int:
    """Descriptors of a process whose target begins so."""
    found = 0
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found += os.readlink(f"/proc/{pid}/fd/{number}").startswith(kind)
    return found


def test_a_thousand_in_a_row_leave_nothing(there: Between) -> None:
    """No descriptor, thread, journal or lock, and no client of either libvirtd."""
    back = Between(there.there, there.here)

    def there_and_back() -> None:
        for way in (there, back):
            assert way.migrate(NAME).state is MigrationState.DONE

    def used() -> list[int]:
        # a libvirtd also has a terminal more of each domain that was simulated in it
        daemons = (there.here.daemon.pid, there.there.daemon.pid)
        sockets = [open_files(pid, "socket:") for pid in daemons]
        return [threading.active_count(), open_files("self"), *sockets]

    for _ in range(10):
        there_and_back()
    before = used()
    for _ in range(ROUND_TRIPS):
        there_and_back()
    until(
        lambda: all(now <= then + 3 for now, then in zip(used(), before, strict=True))
    )
    assert homes(there) == [0]
    assert left_behind(there) == []


def test_bytes_are_the_connections_own(there: Between) -> None:
    """Half of the 256 KiB goes over before the simulation waits."""
    sent: list[int] = []
    with there.here.daemon.xen.holding("copy", NAME):
        going = Background(
            lambda: there.migrate(NAME, lambda told: sent.append(told.bytes_sent or 0))
        )
        until(lambda: bool(sent) and sent[-1] >= HALF)
    going.join()
    assert going.record is not None
    assert going.record.bytes_sent == max(sent)
    assert sent == sorted(sent)
    assert HALF <= max(sent) < 2 * HALF + PROTOCOL


def test_abort_closes_the_connection(there: Between) -> None:
    sent: list[int] = []
    with there.here.daemon.xen.holding("copy", NAME):
        going = Background(
            lambda: there.migrate(NAME, lambda told: sent.append(told.bytes_sent or 0))
        )
        there.here.daemon.xen.wait_held("copy")
        until(lambda: bool(sent) and sent[-1] > 0)
        uuid = find_guest(there.here.host.connection, NAME).uuid
        Wishes(str(there.here.state), uuid).ask(Wish.ABORT)
        history = there.world().history
        until(lambda: history.all()[0].state is MigrationState.ABORTING)
    going.join()
    assert isinstance(going.error, exceptions.MigrationAborted), going.error
    assert homes(there) == [0]
    assert left_behind(there) == []
    assert there.migrate(NAME).state is MigrationState.DONE


def test_a_migration_that_takes_too_long(there: Between) -> None:
    with there.here.daemon.xen.holding("copy", NAME):
        going = Background(
            lambda: there.migrate(NAME, timeout=1, timeout_action=TimeoutAction.ABORT)
        )
        there.here.daemon.xen.wait_held("copy")
        world = there.world()
        until(lambda: world.history.all()[0].state is MigrationState.ABORTING)
    going.join()
    assert isinstance(going.error, exceptions.MigrationAborted), going.error
    assert "longer than" in str(going.error)
    assert homes(there) == [0]


def test_pv_is_refused_live_and_goes_stopped(
    places: tuple[Place, Place], tmp_path: Path
) -> None:
    driver = open_driver(places[0].daemon.uri, tmp_path)
    driver.spawn(make_plan(driver, tmp_path, NAME))
    way = Between(*places)
    with pytest.raises(exceptions.MigrationRefused, match="--stop-and-copy"):
        way.migrate(NAME)
    record = way.migrate(NAME, kind=MigrationKind.STOP_AND_COPY)
    assert record.state is MigrationState.DONE
    assert homes(way) == [1]


def test_the_destination_dies_in_mid_copy(there: Between, xen2: Daemon) -> None:
    with there.here.daemon.xen.holding("copy", NAME):
        going = Background(lambda: there.migrate(NAME))
        there.here.daemon.xen.wait_held("copy")
        xen2.kill()
    going.join()
    assert isinstance(going.error, exceptions.NovaXenError), going.error
    assert homes(there) == [0]
    xen2.start()
    there.recover()
    assert homes(there) == [0]
    assert left_behind(there) == []
    assert there.migrate(NAME).state is MigrationState.DONE


def test_ports_are_libxls(there: Between) -> None:
    """A port taken by somebody else is passed over."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", 49152))  # noqa: S104 (libvirt listens there on all)
        taken.listen()
        assert there.migrate(NAME).state is MigrationState.DONE
