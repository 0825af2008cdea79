# SPDX-License-Identifier: Apache-2.0
"""Migration peer to peer: what libxl takes, what it refuses, what is told."""

from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.recorder import Recorder
from contract.refusals import DOMAIN, LIBXL, NONE, RPC, refused
from contract.tiers.base import Tier

ARGUMENT = libvirt.VIR_ERR_INVALID_ARG
UNSUPPORTED = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
P2P = libvirt.VIR_MIGRATE_PEER2PEER
LIVE = libvirt.VIR_MIGRATE_LIVE
NOWHERE = "xen+tcp://127.0.0.1:1/system"

REFUSED_FLAGS = {
    "NON_SHARED_DISK": libvirt.VIR_MIGRATE_NON_SHARED_DISK,
    "NON_SHARED_INC": libvirt.VIR_MIGRATE_NON_SHARED_INC,
    "CHANGE_PROTECTION": libvirt.VIR_MIGRATE_CHANGE_PROTECTION,
    "UNSAFE": libvirt.VIR_MIGRATE_UNSAFE,
    "COMPRESSED": libvirt.VIR_MIGRATE_COMPRESSED,
    "ABORT_ON_ERROR": libvirt.VIR_MIGRATE_ABORT_ON_ERROR,
    "AUTO_CONVERGE": libvirt.VIR_MIGRATE_AUTO_CONVERGE,
    "RDMA_PIN_ALL": libvirt.VIR_MIGRATE_RDMA_PIN_ALL,
    "POSTCOPY": libvirt.VIR_MIGRATE_POSTCOPY,
    "TLS": libvirt.VIR_MIGRATE_TLS,
    "PARALLEL": libvirt.VIR_MIGRATE_PARALLEL,
    "POSTCOPY_RESUME": libvirt.VIR_MIGRATE_POSTCOPY_RESUME,
    "ZEROCOPY": libvirt.VIR_MIGRATE_ZEROCOPY,
}
TAKEN_FLAGS = {
    "LIVE": LIVE,
    "PERSIST_DEST": libvirt.VIR_MIGRATE_PERSIST_DEST,
    "UNDEFINE_SOURCE": libvirt.VIR_MIGRATE_UNDEFINE_SOURCE,
    "PAUSED": libvirt.VIR_MIGRATE_PAUSED,
    "TUNNELLED": libvirt.VIR_MIGRATE_TUNNELLED,
}
REFUSED_PARAMETERS: dict[str, Any] = {
    "bandwidth": 10,
    "migrate_disks": ["xvda"],
    "disks_port": 49000,
    "compression": "xbzrle",
    "listen_address": "0.0.0.0",  # noqa: S104 (libxl refuses it)
    "graphics_uri": "vnc://a:1",
    "persistent_xml": "<domain/>",
    "auto_converge.initial": 10,
}


@pytest.mark.parametrize("name", REFUSED_FLAGS)
def test_flags_libxl_refuses(idle: Any, name: str) -> None:
    flag = REFUSED_FLAGS[name]
    words = f"unsupported flags ({flag:#x}) in function libxlDomainMigratePerform3Pa"
    with refused(ARGUMENT, LIBXL, words):
        idle.migrateToURI3(NOWHERE, {}, P2P | flag)


@pytest.mark.parametrize("name", TAKEN_FLAGS)
def test_flags_libxl_takes(idle: Any, name: str) -> None:
    with refused(libvirt.VIR_ERR_SYSTEM_ERROR, RPC, "unable to connect to server"):
        idle.migrateToURI3(NOWHERE, {}, P2P | TAKEN_FLAGS[name])


def test_a_stopped_guest_does_not_move(idle: Any) -> None:
    with refused(UNSUPPORTED, DOMAIN, "offline migration is not supported by"):
        idle.migrateToURI3(NOWHERE, {}, P2P | libvirt.VIR_MIGRATE_OFFLINE)


def test_migration_is_peer_to_peer(idle: Any) -> None:
    with refused(UNSUPPORTED, DOMAIN, "direct migration is not supported by"):
        idle.migrateToURI3(NOWHERE, {}, LIVE)


@pytest.mark.parametrize("name", REFUSED_PARAMETERS)
def test_parameters_libxl_refuses(idle: Any, name: str) -> None:
    given = {name: REFUSED_PARAMETERS[name]}
    with refused(UNSUPPORTED, NONE, f"parameter '{name}' not supported"):
        idle.migrateToURI3(NOWHERE, given, P2P)


def test_the_older_calls_always_give_a_bandwidth(idle: Any) -> None:
    with refused(UNSUPPORTED, NONE, "parameter 'bandwidth' not supported"):
        idle.migrateToURI(NOWHERE, P2P, None, 0)
    with refused(UNSUPPORTED, NONE, "parameter 'bandwidth' not supported"):
        idle.migrateToURI2(NOWHERE, None, None, P2P, None, 0)


@pytest.fixture
def other(xen: Tier) -> tuple[Any, str]:
    return xen.second_host()


@pytest.fixture
def pvh(xen: Tier) -> Any:
    domain = xen.connection.defineXML(documents.guest(xen, kind="pvh"))
    domain.create()
    return domain


@pytest.fixture
def move(xen: Tier) -> Any:
    """Move a guest: `move(domain, uri, flags, parameter=value)`."""

    def moved(domain: Any, uri: str, flags: int, **parameters: Any) -> None:
        given = {**xen.migrate_parameters(), **parameters}
        domain.migrateToURI3(uri, given, P2P | flags)

    return moved


def test_a_guest_moves(
    pvh: Any, other: tuple[Any, str], events: Recorder, move: Any
) -> None:
    target, uri = other
    arrivals = Recorder(target)
    move(pvh, uri, LIVE)
    arrived = target.lookupByName(documents.NAME)
    assert arrived.state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_MIGRATED,
    ]
    assert arrived.isPersistent() == 0
    assert pvh.state() == [
        libvirt.VIR_DOMAIN_SHUTOFF,
        libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED,
    ]
    left = (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED)
    assert events.wait_pairs(documents.NAME, 1) == [left]
    assert arrivals.wait_pairs(documents.NAME, 2) == [
        (
            libvirt.VIR_DOMAIN_EVENT_STARTED,
            libvirt.VIR_DOMAIN_EVENT_STARTED_RESTORED,
        ),
        (
            libvirt.VIR_DOMAIN_EVENT_RESUMED,
            libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED,
        ),
    ]
    arrivals.stop()


def test_a_guest_moves_for_good(
    pvh: Any, other: tuple[Any, str], xen: Tier, move: Any
) -> None:
    target, uri = other
    keep = libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    move(pvh, uri, LIVE | keep)
    assert target.lookupByName(documents.NAME).isPersistent() == 1
    with refused(libvirt.VIR_ERR_NO_DOMAIN, LIBXL):
        xen.connection.lookupByName(documents.NAME)


def test_a_guest_arrives_paused(pvh: Any, other: tuple[Any, str], move: Any) -> None:
    target, uri = other
    move(pvh, uri, LIVE | libvirt.VIR_MIGRATE_PAUSED)
    assert target.lookupByName(documents.NAME).state() == [
        libvirt.VIR_DOMAIN_PAUSED,
        libvirt.VIR_DOMAIN_PAUSED_USER,
    ]


def test_a_guest_arrives_under_another_name(
    pvh: Any, other: tuple[Any, str], move: Any
) -> None:
    target, uri = other
    move(pvh, uri, LIVE, destination_name="contract-2")
    assert target.lookupByName("contract-2").UUIDString() == documents.UUID


def test_a_guest_arrives_with_another_definition(
    pvh: Any, other: tuple[Any, str], move: Any
) -> None:
    target, uri = other
    text = pvh.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
    root = etree.fromstring(text)
    etree.SubElement(root, "title").text = "moved"
    move(pvh, uri, LIVE, destination_xml=etree.tostring(root, encoding="unicode"))
    arrived = target.lookupByName(documents.NAME)
    assert arrived.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None) == "moved"


def test_another_definition_cannot_change_the_size(
    pvh: Any, other: tuple[Any, str], move: Any
) -> None:
    _, uri = other
    text = pvh.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
    changed = text.replace(">2</vcpu>", ">4</vcpu>")
    with refused(
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
        DOMAIN,
        "Target domain vCPU max 4 does not match source 2",
    ):
        move(pvh, uri, LIVE, destination_xml=changed)


def test_pv_moves_but_not_live(running: Any, other: tuple[Any, str], move: Any) -> None:
    target, uri = other
    words = "Failed to send migration data to destination host"
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, LIBXL, words):
        move(running, uri, LIVE)
    assert running.state()[0] == libvirt.VIR_DOMAIN_RUNNING
    move(running, uri, 0)
    assert target.lookupByName(documents.NAME).isActive() == 1


def test_a_guest_that_runs_there_already(
    pvh: Any, other: tuple[Any, str], xen: Tier, move: Any
) -> None:
    target, uri = other
    target.createXML(documents.guest(xen, kind="pvh"))
    words = f"domain '{documents.NAME}' is already active"
    with refused(libvirt.VIR_ERR_OPERATION_INVALID, DOMAIN, words):
        move(pvh, uri, LIVE)
    assert pvh.isActive() == 1


def test_a_missing_image_is_not_noticed_there(
    xen: Tier, other: tuple[Any, str], move: Any
) -> None:
    target, uri = other
    disk = documents.disk(xen.missing, image="qcow2")
    text = documents.guest(xen, kind="pvh", devices=disk)
    move(xen.connection.createXML(text), uri, LIVE)
    assert target.lookupByName(documents.NAME).isActive() == 1
