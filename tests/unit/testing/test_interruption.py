# SPDX-License-Identifier: Apache-2.0
"""What a migration leaves on both hosts, whatever dies at whatever point."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from nova_xen.testing import FakeHost, FakeToolstack, Point

from .conftest import document

FLAGS = (
    libvirt.VIR_MIGRATE_PEER2PEER
    | libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
)
TARGET = "xen+tcp://xen2/system"
WAIT_SECONDS = 30.0
P = Point
VIEWS = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTOFF: "off",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "pmsuspended",
}


class Pair:
    """Two hosts and a guest of the first one that is defined and runs."""

    def __init__(self) -> None:
        self.source = FakeHost("xen1", exists=lambda path: True)
        network = self.source.network
        self.target = FakeHost("xen2", network=network, exists=lambda path: True)
        self.domain = self.source.connect().defineXML(document(kind="xenpvh"))
        self.domain.create()

    def move(self) -> int:
        return int(self.domain.migrateToURI3(TARGET, {}, FLAGS))

    def again(self) -> int:
        """Migrate once more, over a new connection."""
        domain = self.source.connect().lookupByName("one")
        return int(domain.migrateToURI3(TARGET, {}, FLAGS))


@pytest.fixture
def pair() -> Pair:
    return Pair()


def left(host: FakeHost) -> str:
    """What a host has of the guest: libvirt's word, then Xen's domains."""
    words = []
    try:
        guest = host.guest("one")
    except KeyError:
        words.append("none")
    else:
        incoming = not guest.active and guest.job is not None
        words.append("incoming" if incoming else VIEWS[guest.state])
        if guest.persistent:
            words.append("kept")
    for record in host.xen:
        suspended = "suspended" if record.suspended else "run"
        words.append("paused" if record.paused else suspended)
    return " ".join(words)


def cut(pair: Pair) -> None:
    for migration in list(pair.source.migrations):
        migration.cut()


def kill_source(pair: Pair) -> None:
    pair.source.kill_daemon()
    pair.source.start_daemon()


def kill_target(pair: Pair) -> None:
    pair.target.kill_daemon()
    pair.target.start_daemon()


def source_loses_power(pair: Pair) -> None:
    pair.source.power_off()
    pair.source.power_on()


def target_loses_power(pair: Pair) -> None:
    pair.target.power_off()
    pair.target.power_on()


def unplug(pair: Pair) -> None:
    pair.target.unplug()
    pair.target.plug()


def destroy_arriving(pair: Pair) -> None:
    for record in pair.target.xen:
        FakeToolstack(pair.target).destroy(record.domid)


def destroy_leaving(pair: Pair) -> None:
    for record in pair.source.xen:
        FakeToolstack(pair.source).destroy(record.domid)


Act = Callable[[Pair], None]
STAYS, LEFT = "running kept run", "none"
#: libvirt says that it runs when sending fails after the source was suspended
STANDS = "running kept suspended"
SEND = (libvirt.VIR_ERR_INTERNAL_ERROR, "Failed to send migration data")
NOT_RUNNING = (libvirt.VIR_ERR_OPERATION_FAILED, "not running on destination host")
CLOSED = (libvirt.VIR_ERR_INTERNAL_ERROR, "client socket is closed")
EOF = (libvirt.VIR_ERR_SYSTEM_ERROR, "End of file while reading data")

#: seen on real Xen: cut, kill_*, destroy_arriving while memory goes over
TABLE: list[tuple[Act, Point, tuple[int, str] | None, str, str]] = [
    (cut, P.PREPARED, None, LEFT, STAYS),
    (cut, P.COPYING, SEND, STAYS, "none"),
    (cut, P.STOPPED, SEND, STANDS, "none"),
    (cut, P.RECEIVED, None, LEFT, STAYS),
    (kill_source, P.PREPARED, EOF, STAYS, "incoming"),
    (kill_source, P.COPYING, EOF, STAYS, "incoming"),
    (kill_source, P.STOPPED, EOF, "pmsuspended kept suspended", "incoming"),
    (kill_source, P.RECEIVED, EOF, "pmsuspended kept suspended", "paused paused"),
    (kill_source, P.STARTED, EOF, "pmsuspended kept suspended", STAYS),
    (kill_target, P.PREPARED, CLOSED, STAYS, "none"),
    (kill_target, P.COPYING, CLOSED, STAYS, "none paused"),
    (kill_target, P.STOPPED, CLOSED, STANDS, "none paused"),
    (kill_target, P.RECEIVED, CLOSED, STAYS, "paused paused"),
    # libvirt's own gap: it resumes the source when the last answer is lost
    (kill_target, P.STARTED, CLOSED, STAYS, STAYS),
    (source_loses_power, P.COPYING, EOF, "off kept", "incoming paused"),
    (source_loses_power, P.STOPPED, EOF, "off kept", "incoming paused"),
    (source_loses_power, P.RECEIVED, EOF, "off kept", "paused paused"),
    (source_loses_power, P.STARTED, EOF, "off kept", STAYS),
    (target_loses_power, P.COPYING, CLOSED, STAYS, "none"),
    (target_loses_power, P.STOPPED, CLOSED, STANDS, "none"),
    (target_loses_power, P.RECEIVED, CLOSED, STAYS, "none"),
    (target_loses_power, P.STARTED, CLOSED, STAYS, "off kept"),
    (unplug, P.COPYING, SEND, STAYS, "incoming paused"),
    (unplug, P.STOPPED, SEND, STANDS, "incoming paused"),
    (unplug, P.RECEIVED, SEND, STAYS, "paused paused"),
    (unplug, P.STARTED, SEND, STAYS, STAYS),
    (destroy_arriving, P.COPYING, SEND, STAYS, "none"),
    (destroy_arriving, P.STOPPED, SEND, STANDS, "none"),
    (destroy_arriving, P.RECEIVED, NOT_RUNNING, STAYS, "none"),
    (destroy_leaving, P.COPYING, SEND, "off kept", "none"),
    (destroy_leaving, P.STOPPED, SEND, "off kept", "none"),
]


@pytest.mark.parametrize(
    ("act", "point", "error", "here", "there"),
    [
        pytest.param(*row, id=f"{row[0].__name__} {row[1].name.lower()}")
        for row in TABLE
    ],
)
def test_what_is_left(
    pair: Pair,
    act: Act,
    point: Point,
    error: tuple[int, str] | None,
    here: str,
    there: str,
) -> None:
    pair.source.at(point, lambda migration: act(pair))
    if error is None:
        assert pair.move() == 0
    else:
        with pytest.raises(libvirt.libvirtError, match=error[1]) as raised:
            pair.move()
        assert raised.value.get_error_code() == error[0]
    assert (left(pair.source), left(pair.target)) == (here, there)
    assert not pair.source.migrations
    assert not pair.target.migrations


def test_points_come_in_order(pair: Pair) -> None:
    seen: list[tuple[str, str, str]] = []
    for point in Point:
        pair.source.at(
            point,
            lambda migration: seen.append(
                (migration.point.name, left(pair.source), left(pair.target))
            ),
        )
    assert pair.move() == 0
    assert seen == [
        ("PREPARED", STAYS, "incoming"),
        ("COPYING", STAYS, "incoming paused"),
        ("STOPPED", "running kept suspended", "incoming paused"),
        ("RECEIVED", "running kept suspended", "paused paused"),
        ("STARTED", "running kept suspended", STAYS),
        ("CONFIRMED", "none", STAYS),
    ]


def test_a_guest_that_is_not_live_stands_still_from_the_start(pair: Pair) -> None:
    seen: list[str] = []
    pair.source.at(Point.COPYING, lambda migration: seen.append(left(pair.source)))
    pair.domain.migrateToURI3(TARGET, {}, libvirt.VIR_MIGRATE_PEER2PEER)
    assert seen == ["running kept suspended"]


class Killed(BaseException):
    """Stands for the end of the process that asked."""


def killed(migration: Any) -> None:
    raise Killed


@pytest.mark.parametrize("point", Point)
def test_a_migration_goes_on_without_who_asked_for_it(pair: Pair, point: Point) -> None:
    pair.source.at(point, killed)
    with pytest.raises(Killed):
        pair.move()
    for migration in list(pair.source.migrations):
        assert migration.point is point
        migration.go_on()
    assert (left(pair.source), left(pair.target)) == (LEFT, STAYS)


def test_a_stale_record_refuses_the_next_and_stays_until_a_restart(
    pair: Pair,
) -> None:
    pair.source.at(Point.COPYING, lambda migration: kill_source(pair))
    with pytest.raises(libvirt.libvirtError):
        pair.move()
    with pytest.raises(libvirt.libvirtError, match="is already being started") as told:
        pair.again()
    assert told.value.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID
    # it runs, and libvirt shows it as paused and cannot let it go on
    assert left(pair.source) == "paused kept run"
    domain = pair.source.connect().lookupByName("one")
    assert domain.state() == [
        libvirt.VIR_DOMAIN_PAUSED,
        libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
    ]
    with pytest.raises(libvirt.libvirtError, match="Failed to resume domain '1'"):
        domain.resume()
    pair.target.job_timeout = 0.01
    stale = pair.target.connect().lookupByName("one")
    with pytest.raises(libvirt.libvirtError, match="Prepare3Params") as locked:
        stale.destroy()
    assert locked.value.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT
    pair.target.break_connection()
    assert left(pair.target) == "none"
    assert pair.again() == 0


def test_an_orphan_refuses_the_next_until_xen_ends_it(pair: Pair) -> None:
    pair.source.at(Point.COPYING, lambda migration: kill_target(pair))
    with pytest.raises(libvirt.libvirtError):
        pair.move()
    pair.target.break_connection()
    assert left(pair.target) == "none paused"
    with pytest.raises(libvirt.libvirtError, match="Failed to send migration data"):
        pair.again()
    [orphan] = pair.target.xen
    FakeToolstack(pair.target).destroy(orphan.domid)
    assert pair.again() == 0


def test_an_orphan_takes_its_name_and_memory(pair: Pair) -> None:
    free = pair.target.free_kib
    pair.source.at(Point.COPYING, lambda migration: kill_target(pair))
    with pytest.raises(libvirt.libvirtError):
        pair.move()
    assert free - pair.target.free_kib == (128 + 1) * 1024
    with pytest.raises(libvirt.libvirtError, match="failed to create new domain"):
        pair.target.connect().createXML(document(kind="xenpvh"))


def test_a_restart_shows_a_guest_as_it_is(pair: Pair) -> None:
    pair.source.xen.pause(1, True)
    pair.source.break_connection()
    assert left(pair.source) == "paused kept paused"
    pair.source.xen.pause(1, False)
    pair.source.break_connection()
    assert left(pair.source) == "running kept run"


def test_no_memory_at_the_destination(pair: Pair) -> None:
    pair.target.connect().createXML(
        document("big", memory_mib=pair.target.free_kib // 1024 - 64)
    )
    with pytest.raises(libvirt.libvirtError, match="Failed to send migration data"):
        pair.move()
    assert (left(pair.source), len(list(pair.target.xen))) == (STAYS, 1)


def test_a_source_that_cannot_be_resumed(pair: Pair) -> None:
    """As from Xen 4.20 to 4.17: what came over does not run there."""
    pair.source.resumes = False
    pair.source.at(Point.RECEIVED, lambda migration: destroy_arriving(pair))
    with pytest.raises(libvirt.libvirtError):
        pair.move()
    assert (left(pair.source), left(pair.target)) == ("paused kept suspended", "none")


def test_a_guest_that_ends_while_it_moves(pair: Pair) -> None:
    pair.source.at(Point.COPYING, lambda migration: pair.source.guest_powers_off("one"))
    with pytest.raises(libvirt.libvirtError, match="Failed to send migration data"):
        pair.move()
    assert (left(pair.source), left(pair.target)) == ("off kept", "none")


@pytest.mark.parametrize("lost", ["kill_daemon", "power_off", "unplug"])
def test_a_host_that_cannot_be_reached(pair: Pair, lost: str) -> None:
    getattr(pair.target, lost)()
    with pytest.raises(libvirt.libvirtError, match="unable to connect to server"):
        pair.move()
    assert left(pair.source) == STAYS


@pytest.mark.parametrize("lost", ["kill_daemon", "power_off"])
def test_nothing_answers_without_libvirtd(pair: Pair, lost: str) -> None:
    getattr(pair.source, lost)()
    with pytest.raises(libvirt.libvirtError, match="Connection refused"):
        pair.source.connect()
    with pytest.raises(libvirt.libvirtError, match="client socket is closed"):
        pair.domain.state()


def test_domain_ids_begin_anew_after_a_boot(pair: Pair) -> None:
    source_loses_power(pair)
    domain = pair.source.connect().lookupByName("one")
    domain.create()
    assert domain.ID() == 1


def test_a_thread_that_waits_hears_of_the_end(pair: Pair) -> None:
    copying = pair.source.hold_migration(Point.STOPPED)
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        moving = executor.submit(pair.move)
        assert copying.entered.wait(WAIT_SECONDS)
        pair.target.kill_daemon()
        with pytest.raises(libvirt.libvirtError, match="client socket is closed"):
            moving.result(WAIT_SECONDS)
