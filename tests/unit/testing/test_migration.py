# SPDX-License-Identifier: Apache-2.0
"""A guest between two fake hosts, while it moves and when it cannot."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import libvirt
import pytest

from nova_xen.testing import Copying, FakeConnection, FakeHost

from .conftest import document

FLAGS = libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_LIVE
TARGET = "xen+tcp://xen2/system"
WAIT_SECONDS = 30.0
Moving = concurrent.futures.Future[int]


@pytest.fixture
def other(host: FakeHost) -> FakeHost:
    return FakeHost("xen2", network=host.network, exists=lambda path: True)


@pytest.fixture
def pvh(connection: FakeConnection, other: FakeHost) -> Any:
    return connection.createXML(document(kind="xenpvh"))


@pytest.fixture
def copying(host: FakeHost) -> Copying:
    return host.hold_migration()


@pytest.fixture
def moving(copying: Copying, pvh: Any) -> Iterator[Moving]:
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        future = executor.submit(pvh.migrateToURI3, TARGET, {}, FLAGS)
        assert copying.entered.wait(WAIT_SECONDS)
        yield future
        copying.finish()


def test_a_job_while_it_moves(moving: Moving, copying: Copying, pvh: Any) -> None:
    assert pvh.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_UNBOUNDED
    assert pvh.jobInfo()[2:] == [0] * 10
    assert set(pvh.jobStats()) == {"type", "time_elapsed"}
    copying.finish()
    assert moving.result(WAIT_SECONDS) == 0


def test_the_incoming_guest(moving: Moving, other: FakeHost) -> None:
    incoming = other.connect().lookupByName("one")
    assert incoming.ID() == -1
    assert incoming.state() == [libvirt.VIR_DOMAIN_SHUTOFF, 0]
    assert incoming.jobInfo()[0] == libvirt.VIR_DOMAIN_JOB_UNBOUNDED


def test_other_changes_time_out(moving: Moving, host: FakeHost, pvh: Any) -> None:
    host.job_timeout = 0.01
    with pytest.raises(libvirt.libvirtError) as raised:
        pvh.suspend()
    assert raised.value.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT
    assert "cannot acquire state change lock" in str(raised.value)


def test_destroying_the_incoming_guest_waits_and_kills_it(
    moving: Moving, copying: Copying, host: FakeHost, other: FakeHost
) -> None:
    """The guest is lost on both hosts, as it is with libxl."""
    incoming = other.connect().lookupByName("one")
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        destroying = executor.submit(incoming.destroy)
        copying.finish()
        assert moving.result(WAIT_SECONDS) == 0
        assert destroying.result(WAIT_SECONDS) == 0
    for place in (host, other):
        with pytest.raises(KeyError):
            place.guest("one")


def test_a_cut_stream(
    moving: Moving, copying: Copying, other: FakeHost, pvh: Any
) -> None:
    copying.break_off()
    with pytest.raises(libvirt.libvirtError, match="Failed to send migration data"):
        moving.result(WAIT_SECONDS)
    assert pvh.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    with pytest.raises(KeyError):
        other.guest("one")
    assert pvh.migrateToURI3(TARGET, {}, FLAGS) == 0


def test_a_target_without_the_bridge(
    connection: FakeConnection, other: FakeHost
) -> None:
    other.bridges = set()
    nic = '<devices><interface type="bridge"><source bridge="b"/></interface></devices>'
    text = document(kind="xenpvh").replace("<devices/>", nic)
    domain = connection.createXML(text)
    with pytest.raises(libvirt.libvirtError, match="not running on destination host"):
        domain.migrateToURI3(TARGET, {}, FLAGS)
    assert domain.isActive() == 1


def test_a_host_with_shadow_paging_moves_pv_live(
    host: FakeHost, connection: FakeConnection, other: FakeHost
) -> None:
    host.shadow = True
    domain = connection.createXML(document())
    assert domain.migrateToURI3(TARGET, {}, FLAGS) == 0
    assert other.guest("one").active


def test_guests_with_assigned_devices_stay(
    connection: FakeConnection, other: FakeHost
) -> None:
    pci = (
        '<devices><hostdev mode="subsystem" type="pci"><source><address '
        'domain="0x0" bus="0x3" slot="0x0" function="0x0"/></source></hostdev>'
        "</devices>"
    )
    domain = connection.createXML(document().replace("<devices/>", pci))
    with pytest.raises(libvirt.libvirtError, match="has assigned host devices"):
        domain.migrateToURI3(TARGET, {}, libvirt.VIR_MIGRATE_PEER2PEER)
