# SPDX-License-Identifier: Apache-2.0
"""The toolstack, the sockets and the suspend watch of a fake host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.pause_mark import paused_domain
from nova_xen.migration.interfaces import (
    MigrationSocket,
    MigrationSockets,
    Pausing,
    SuspendWatch,
    Toolstack,
)
from nova_xen.model import XenDomain
from nova_xen.testing import (
    FakeHost,
    FakePausing,
    FakeSockets,
    FakeSuspendWatch,
    FakeToolstack,
    Point,
)

from .conftest import document

LIVE = libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_LIVE
TARGET = "xen+tcp://xen2/system"
DOMID = 1


@pytest.fixture
def domain(host: FakeHost) -> Any:
    domain = host.connect().defineXML(document(kind="xenpvh"))
    domain.create()
    return domain


@pytest.fixture
def other(host: FakeHost) -> FakeHost:
    return FakeHost("xen2", network=host.network, exists=lambda path: True)


@pytest.fixture
def toolstack(host: FakeHost) -> Toolstack:
    return FakeToolstack(host)


@pytest.fixture
def sockets(host: FakeHost) -> MigrationSockets:
    return FakeSockets(host)


@pytest.fixture
def watch(host: FakeHost) -> SuspendWatch:
    return FakeSuspendWatch(host, DOMID)


def _only(toolstack: Toolstack) -> XenDomain:
    [found] = toolstack.domains()
    return found


def test_what_xen_has(domain: Any, toolstack: Toolstack) -> None:
    assert _only(toolstack) == XenDomain(
        domid=DOMID, name="one", uuid=domain.UUIDString(), memory_mib=128
    )
    domain.suspend()
    assert _only(toolstack).paused
    domain.resume()
    assert not _only(toolstack).paused
    domain.destroy()
    assert toolstack.domains() == ()


def test_a_guest_that_ends_is_there_until_it_is_cleared(
    host: FakeHost, domain: Any, toolstack: Toolstack
) -> None:
    with host.lingering():
        host.guest_powers_off("one")
        assert _only(toolstack).ended
    assert toolstack.domains() == ()


def test_a_restarted_guest_has_one_domain(
    host: FakeHost, domain: Any, toolstack: Toolstack
) -> None:
    host.guest_reboots("one")
    assert _only(toolstack).domid == DOMID + 1


def test_libvirt_hears_of_a_destroyed_domain(
    host: FakeHost, domain: Any, toolstack: Toolstack
) -> None:
    toolstack.destroy(DOMID)
    assert domain.state() == [
        libvirt.VIR_DOMAIN_SHUTOFF,
        libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED,
    ]
    toolstack.destroy(DOMID)


def test_a_dead_libvirt_hears_of_it_when_it_is_started(
    host: FakeHost, domain: Any, toolstack: Toolstack
) -> None:
    host.kill_daemon()
    toolstack.destroy(DOMID)
    host.start_daemon()
    assert host.connect().lookupByName("one").isActive() == 0


def test_unpause_is_not_told_to_libvirt(domain: Any, toolstack: Toolstack) -> None:
    domain.suspend()
    toolstack.unpause(DOMID)
    assert not _only(toolstack).paused
    assert domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED


def test_resume(host: FakeHost, domain: Any, toolstack: Toolstack) -> None:
    host.xen.suspend(DOMID)
    assert _only(toolstack).suspended
    toolstack.resume(DOMID)
    assert not _only(toolstack).suspended


def test_what_is_paused_when_suspended_stays_paused(
    host: FakeHost, domain: Any, toolstack: Toolstack, tmp_path: Path
) -> None:
    """As on real Xen, whoever resumes it."""
    journal = tmp_path / "journal"
    journal.touch()
    FakePausing(host, DOMID, str(journal)).ready()
    assert paused_domain(str(journal)) is None
    host.xen.suspend(DOMID)
    assert paused_domain(str(journal)) == DOMID
    toolstack.resume(DOMID)
    assert _only(toolstack).paused
    toolstack.unpause(DOMID)
    host.xen.suspend(DOMID)
    assert not _only(toolstack).paused


def test_what_was_closed_or_settled_pauses_nothing(
    host: FakeHost, domain: Any, toolstack: Toolstack, tmp_path: Path
) -> None:
    pausing: Pausing = FakePausing(host, DOMID, str(tmp_path))
    pausing.close()
    host.xen.suspend(DOMID)
    assert not _only(toolstack).paused
    toolstack.resume(DOMID)
    FakePausing(host, DOMID, str(tmp_path / "gone"))
    host.xen.suspend(DOMID)
    assert not _only(toolstack).paused


def test_set_cap(host: FakeHost, domain: Any, toolstack: Toolstack) -> None:
    toolstack.set_cap(DOMID, 10)
    assert host.guest("one").cap == 10


@pytest.mark.parametrize(("shadow", "words"), [(False, 3), (True, 4)])
def test_virt_caps(
    host: FakeHost, toolstack: Toolstack, shadow: bool, words: int
) -> None:
    host.shadow = shadow
    assert len(toolstack.virt_caps()) == words
    assert ("shadow" in toolstack.virt_caps()) is shadow


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("unpause", (DOMID,), "it is not paused"),
        ("resume", (DOMID,), "it is not suspended"),
        ("set_cap", (9, 10), "there is no such domain"),
    ],
)
def test_refusals(
    domain: Any,
    toolstack: Toolstack,
    method: str,
    arguments: tuple[int, ...],
    words: str,
) -> None:
    with pytest.raises(exceptions.ToolstackFailed, match=words):
        getattr(toolstack, method)(*arguments)


def test_a_broken_toolstack(host: FakeHost) -> None:
    toolstack = FakeToolstack(host)
    toolstack.broken = "no xenstore"
    with pytest.raises(exceptions.ToolstackFailed, match="no xenstore"):
        toolstack.domains()


def _at(host: FakeHost, domain: Any, point: Point, act: Any) -> Any:
    """Migrate, and return what `act` found at a point."""
    found: list[Any] = []
    host.at(point, lambda migration: found.append(act()))
    domain.migrateToURI3(TARGET, {}, LIVE)
    return found[0]


@pytest.mark.parametrize(
    ("point", "there"),
    [
        (Point.PREPARED, False),
        (Point.COPYING, True),
        (Point.STOPPED, True),
        (Point.RECEIVED, False),
        (Point.STARTED, False),
        (Point.CONFIRMED, False),
    ],
)
def test_a_connection_while_memory_goes_over(
    host: FakeHost,
    other: FakeHost,
    domain: Any,
    sockets: MigrationSockets,
    point: Point,
    there: bool,
) -> None:
    found = _at(host, domain, point, lambda: sockets.find(DOMID, "xen2"))
    assert (found is not None) is there


def test_only_its_own_connection(
    host: FakeHost, other: FakeHost, domain: Any, sockets: MigrationSockets
) -> None:
    assert _at(host, domain, Point.COPYING, lambda: sockets.find(9, "xen2")) is None


def test_no_connection_of_its_own_when_tunnelled(
    host: FakeHost, other: FakeHost, domain: Any, sockets: MigrationSockets
) -> None:
    found: list[Any] = []
    host.at(Point.COPYING, lambda _: found.append(sockets.find(DOMID, "xen2")))
    domain.migrateToURI3(TARGET, {}, LIVE | libvirt.VIR_MIGRATE_TUNNELLED)
    assert found == [None]


def test_bytes_grow_to_a_little_more_than_memory(
    host: FakeHost, other: FakeHost, domain: Any, sockets: MigrationSockets
) -> None:
    seen: list[int | None] = []
    kept: list[MigrationSocket] = []

    def look(_migration: Any) -> None:
        found = sockets.find(DOMID, "xen2")
        assert found is not None
        kept.append(found)
        seen.extend(sockets.bytes_acked(found) for _ in range(10))

    host.at(Point.COPYING, look)
    domain.migrateToURI3(TARGET, {}, LIVE)
    counts = [count for count in seen if count is not None]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == 128 * 1024 * 1024 * 1027 // 1000
    assert sockets.bytes_acked(kept[0]) is None
    assert sockets.close(kept[0]) is False


def test_closing_ends_the_migration(
    host: FakeHost, other: FakeHost, domain: Any, sockets: MigrationSockets
) -> None:
    closed: list[bool] = []

    def close(_migration: Any) -> None:
        found = sockets.find(DOMID, "xen2")
        assert found is not None
        closed.extend([sockets.close(found), sockets.close(found)])

    host.at(Point.COPYING, close)
    with pytest.raises(libvirt.libvirtError, match="Failed to send migration data"):
        domain.migrateToURI3(TARGET, {}, LIVE)
    assert closed == [True, False]
    assert domain.isActive() == 1


def test_a_kernel_that_closes_nothing(
    host: FakeHost, other: FakeHost, domain: Any
) -> None:
    sockets = FakeSockets(host, refusal="it lacks INET_DIAG_DESTROY")

    def close(_migration: Any) -> None:
        found = sockets.find(DOMID, "xen2")
        assert found is not None
        with pytest.raises(exceptions.SocketsUnavailable, match="INET_DIAG_DESTROY"):
            sockets.close(found)

    host.at(Point.COPYING, close)
    assert domain.migrateToURI3(TARGET, {}, LIVE) == 0


@pytest.mark.parametrize(
    ("point", "stands"),
    [(Point.COPYING, False), (Point.STOPPED, True), (Point.CONFIRMED, True)],
)
def test_when_it_stood_still(
    host: FakeHost,
    other: FakeHost,
    domain: Any,
    watch: SuspendWatch,
    point: Point,
    stands: bool,
) -> None:
    assert (_at(host, domain, point, watch.suspended_at) is not None) is stands
    watch.close()


def test_it_goes_on_after_a_failure(
    host: FakeHost, other: FakeHost, domain: Any, watch: SuspendWatch
) -> None:
    host.at(Point.RECEIVED, lambda migration: migration.lose_target())
    with pytest.raises(libvirt.libvirtError):
        domain.migrateToURI3(TARGET, {}, LIVE)
    assert watch.suspended_at() is None
