# SPDX-License-Identifier: Apache-2.0
"""The rig: a guest between two hosts, seen while it moves and when it cannot."""

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import libvirt
import pytest

from libxl.rig.daemon import Daemon
from libxl.rig.guests import guest

FLAGS = libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_LIVE
SECONDS = 120
LOCAL = {libvirt.VIR_MIGRATE_PARAM_URI: "tcp://127.0.0.1"}


@pytest.fixture
def moving(connection: Any, boot_file: str) -> Any:
    return connection.createXML(guest("moving", boot_file))


@pytest.fixture
def thread() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def started(
    xen1: Daemon,
    xen2: Daemon,
    moving: Any,
    thread: concurrent.futures.ThreadPoolExecutor,
) -> Iterator["concurrent.futures.Future[int]"]:
    """A migration whose copy of memory waits."""
    with xen1.xen.holding("copy", "moving"):
        future = thread.submit(moving.migrateToURI3, xen2.tcp_uri, LOCAL, FLAGS)
        xen1.xen.wait_held("copy")
        yield future


Started = concurrent.futures.Future[int]


def test_a_migration_tells_time_alone(
    xen1: Daemon, started: Started, moving: Any
) -> None:
    kind, _, *rest = moving.jobInfo()
    assert kind == libvirt.VIR_DOMAIN_JOB_UNBOUNDED
    assert rest == [0] * 10
    assert set(moving.jobStats()) == {"type", "time_elapsed"}
    xen1.xen.command("release", "copy")
    assert started.result(SECONDS) == 0


def test_the_incoming_guest_has_no_id_yet(
    xen1: Daemon, xen2: Daemon, started: Started
) -> None:
    incoming = libvirt.open(xen2.uri).lookupByName("moving")
    assert incoming.ID() == -1
    assert incoming.state() == [libvirt.VIR_DOMAIN_SHUTOFF, 0]
    assert incoming.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_UNBOUNDED
    xen1.xen.command("release", "copy")
    assert started.result(SECONDS) == 0


def test_a_cut_stream_leaves_the_guest(
    xen1: Daemon, xen2: Daemon, started: Started, moving: Any
) -> None:
    xen1.xen.cut("copy")
    with pytest.raises(libvirt.libvirtError, match="Failed to send migration data"):
        started.result(SECONDS)
    assert moving.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    other = libvirt.open(xen2.uri)
    assert [domain.name() for domain in other.listAllDomains()] == ["Domain-0"]


def test_a_cut_migration_goes_the_next_time(
    xen1: Daemon, xen2: Daemon, started: Started, moving: Any
) -> None:
    xen1.xen.cut("copy")
    with pytest.raises(libvirt.libvirtError):
        started.result(SECONDS)
    moving.migrateToURI3(xen2.tcp_uri, LOCAL, FLAGS)
    assert libvirt.open(xen2.uri).lookupByName("moving").isActive() == 1


def test_a_target_without_the_bridge(
    xen1: Daemon, xen2: Daemon, connection: Any, boot_file: str
) -> None:
    nic = '<interface type="bridge"><source bridge="br9"/></interface>'
    domain = connection.createXML(guest("moving", boot_file, devices=nic))
    xen2.xen.without_bridge("br9")
    with pytest.raises(libvirt.libvirtError) as raised:
        domain.migrateToURI3(xen2.tcp_uri, LOCAL, FLAGS)
    assert raised.value.get_error_code() == libvirt.VIR_ERR_OPERATION_FAILED
    assert "Domain is not running on destination host" in str(raised.value)
    assert domain.state()[0] == libvirt.VIR_DOMAIN_RUNNING


def test_a_target_that_dies(
    xen1: Daemon, xen2: Daemon, started: Started, moving: Any
) -> None:
    xen2.kill()
    xen1.xen.command("release", "copy")
    with pytest.raises(libvirt.libvirtError):
        started.result(SECONDS)
    assert moving.state()[0] == libvirt.VIR_DOMAIN_RUNNING
