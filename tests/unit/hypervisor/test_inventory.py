# SPDX-License-Identifier: Apache-2.0
"""Which guests are ours, and how few calls it takes to know."""

from __future__ import annotations

import pytest

from nova_xen.hypervisor import Connection, take_inventory
from nova_xen.model import GuestMode, PowerState
from nova_xen.testing import FakeHost

from .conftest import MakeGuest


def test_an_empty_host(connection: Connection) -> None:
    found = take_inventory(connection)
    assert (found.servers, found.foreign, found.unreadable) == ((), 0, ())
    assert connection.calls == {"listAllDomains": 2}


def test_ours_by_name_and_foreign_ones_counted(
    connection: Connection, make_guest: MakeGuest
) -> None:
    for name in ("zoe", "adam"):
        make_guest(name)
    make_guest("other", ours=False)
    found = take_inventory(connection)
    assert [each.guest.name for each in found.servers] == ["adam", "zoe"]
    assert found.foreign == 1


def test_a_summary(connection: Connection, make_guest: MakeGuest) -> None:
    guest = make_guest(vcpus=2)
    guest.start()
    (listed,) = take_inventory(connection).servers
    row = listed.summary
    assert (row.uuid, row.name) == (guest.uuid, "web1")
    assert (row.state, row.domid) == (PowerState.RUNNING, guest.domid())
    assert (row.mode, row.vcpus, row.memory_mib) == (GuestMode.PV, 2, 256)


def test_states(connection: Connection, make_guest: MakeGuest, host: FakeHost) -> None:
    make_guest("off")
    make_guest("running").start()
    make_guest("paused").start(paused=True)
    make_guest("saved").start()
    host.connect().lookupByName("saved").managedSave(0)
    host.break_connection()
    dying = make_guest("dying")
    dying.start()
    with host.lingering():
        dying.shutdown()
        states = {
            each.guest.name: each.state for each in take_inventory(connection).servers
        }
    assert states == {
        "off": PowerState.STOPPED,
        "running": PowerState.RUNNING,
        "paused": PowerState.PAUSED,
        "saved": PowerState.SUSPENDED,
        "dying": PowerState.STOPPING,
    }


@pytest.mark.parametrize("count", [1, 5])
def test_round_trips_of_running_guests(
    connection: Connection, make_guest: MakeGuest, count: int
) -> None:
    for number in range(count):
        make_guest(f"web{number}").start()
    connection.calls.clear()
    take_inventory(connection)
    assert connection.calls == {"listAllDomains": 2, "XMLDesc": count}


def test_round_trips_of_a_paused_and_a_new_guest(
    connection: Connection, make_guest: MakeGuest
) -> None:
    make_guest("paused").start(paused=True)
    make_guest("new")
    connection.calls.clear()
    take_inventory(connection)
    assert connection.calls == {
        "listAllDomains": 2,
        "XMLDesc": 2,
        "state": 2,
        "hasManagedSaveImage": 1,
    }


def test_a_guest_that_vanishes_meanwhile_is_left_out(
    connection: Connection, make_guest: MakeGuest, host: FakeHost
) -> None:
    make_guest("gone")
    make_guest("here")
    host.fail_next("XMLDesc", 42, "Domain not found", guest="gone")
    found = take_inventory(connection)
    assert [each.guest.name for each in found.servers] == ["here"]
    assert found.foreign == 0


def test_a_document_nobody_reads_is_foreign_and_named(
    connection: Connection, make_guest: MakeGuest, host: FakeHost
) -> None:
    make_guest("odd")
    root = host.guest("odd").current
    os_type = root.find("os/type")
    assert os_type is not None
    os_type.text = "exe"
    found = take_inventory(connection)
    assert (found.servers, found.foreign, found.unreadable) == ((), 1, ("odd",))
