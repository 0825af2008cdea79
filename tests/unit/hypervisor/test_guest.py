# SPDX-License-Identifier: Apache-2.0
"""What a handle on a guest does and refuses."""

from __future__ import annotations

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.domain import Graphics
from nova_xen.hypervisor import (
    Connection,
    ErrorCode,
    Guest,
    Scheduler,
    code_of,
    define_guest,
    find_guest,
    keep_definition,
)
from nova_xen.model import PowerState
from nova_xen.testing import FakeHost

from .conftest import MakeGuest, document


def methods(host: FakeHost) -> list[str]:
    return [call.method for call in host.calls]


def test_defined_and_found_by_name_and_uuid(
    connection: Connection, guest: Guest
) -> None:
    for key in ("web1", guest.uuid, guest.uuid.upper()):
        found = find_guest(connection, key)
        assert (found.name, found.uuid) == ("web1", guest.uuid)


@pytest.mark.parametrize("key", ["web9", "aaaaaaaa-0000-4000-8000-000000000001", ""])
def test_a_guest_that_is_not_there(connection: Connection, key: str) -> None:
    with pytest.raises(exceptions.ServerNotFound, match=key or "''"):
        find_guest(connection, key)


def test_libvirts_schema_checks_a_definition(connection: Connection) -> None:
    xml = "<domain type='xen'><name>web1</name><nonsense/></domain>"
    with pytest.raises(exceptions.HypervisorError, match="defining server web1") as no:
        define_guest(connection, xml, "web1")
    assert code_of(no.value) is ErrorCode.XML_INVALID_SCHEMA


def test_it_does_not_check_what_another_libvirt_wrote(
    host: FakeHost, connection: Connection, guest: Guest
) -> None:
    """Whose schema may lack what that one writes."""
    text = guest.xml().replace("</devices>", "<nonsense/></devices>")
    kept = keep_definition(connection, text, guest.name)
    assert (kept.name, kept.uuid) == (guest.name, guest.uuid)
    assert methods(host)[-1] == "defineXMLFlags"


def test_life(guest: Guest) -> None:
    seen = [(guest.state(), guest.is_active(), guest.domid() is not None)]
    for act in (guest.start, guest.suspend, guest.resume, guest.destroy):
        act()
        seen.append((guest.state(), guest.is_active(), guest.domid() is not None))
    assert seen == [
        (PowerState.STOPPED, False, False),
        (PowerState.RUNNING, True, True),
        (PowerState.PAUSED, True, True),
        (PowerState.RUNNING, True, True),
        (PowerState.STOPPED, False, False),
    ]


def test_started_paused(guest: Guest) -> None:
    guest.start(paused=True)
    assert guest.state() is PowerState.PAUSED


def test_a_running_guest_is_not_started(guest: Guest) -> None:
    guest.start()
    with pytest.raises(exceptions.WrongState, match="while it is running"):
        guest.start()


def test_a_start_that_fails_otherwise_says_so(guest: Guest, host: FakeHost) -> None:
    host.fail_next("create", ErrorCode.OPERATION_INVALID, "no such luck")
    with pytest.raises(exceptions.HypervisorError, match="no such luck"):
        guest.start()


def test_a_reboot_changes_the_domain_id(guest: Guest) -> None:
    guest.start()
    before = guest.domid()
    guest.reboot()
    assert guest.state() is PowerState.RUNNING
    assert guest.domid() not in (None, before)


@pytest.mark.parametrize(
    ("act", "operation"), [(Guest.shutdown, "shutdown"), (Guest.reboot, "reboot")]
)
def test_a_paused_guest_is_never_asked(
    guest: Guest, host: FakeHost, act: object, operation: str
) -> None:
    guest.start(paused=True)
    with pytest.raises(exceptions.WrongState, match="unpause it first"):
        act(guest)  # type: ignore[operator]
    assert operation not in methods(host)


def test_a_guest_that_is_off_is_not_shut_down(guest: Guest) -> None:
    with pytest.raises(exceptions.WrongState, match="start it first"):
        guest.shutdown()


def test_forcing_off_twice_is_fine(guest: Guest) -> None:
    guest.start()
    assert guest.destroy() is True
    assert guest.destroy() is False
    guest.undefine()
    assert guest.destroy() is False


def test_a_force_off_that_is_refused_is_told(guest: Guest, host: FakeHost) -> None:
    guest.start()
    host.fail_next("destroy", ErrorCode.OPERATION_INVALID, "it may not be")
    with pytest.raises(exceptions.HypervisorError, match="forcing off server web1"):
        guest.destroy()


def test_deleting_twice_is_fine(guest: Guest) -> None:
    assert guest.undefine() is True
    assert guest.undefine() is False


def test_deleting_takes_the_saved_memory_along(guest: Guest, host: FakeHost) -> None:
    save(guest, host)
    assert guest.undefine() is True
    assert [each.name for each in host.guests.values()] == ["Domain-0"]


def save(guest: Guest, host: FakeHost) -> None:
    guest.start()
    host.connect().lookupByName(guest.name).managedSave(0)


def test_deleting_without_the_flag(guest: Guest, host: FakeHost) -> None:
    save(guest, host)
    host.fail_next("undefineFlags", ErrorCode.INVALID_ARG, "unsupported flags (0x1)")
    assert guest.undefine() is True
    assert methods(host)[-3:] == [
        "hasManagedSaveImage",
        "managedSaveRemove",
        "undefine",
    ]


def test_a_transient_guest_has_no_definition(
    connection: Connection, host: FakeHost, guest: Guest
) -> None:
    guest.start()
    assert guest.undefine() is True
    assert guest.undefine() is False
    assert guest.is_active()


def test_a_saved_guest_is_suspended_and_a_restart_of_libvirtd_does_not_hide_it(
    guest: Guest, host: FakeHost
) -> None:
    save(guest, host)
    assert guest.state_and_reason() == (
        PowerState.SUSPENDED,
        libvirt.VIR_DOMAIN_SHUTOFF_SAVED,
    )
    host.break_connection()
    assert guest.state_and_reason() == (
        PowerState.SUSPENDED,
        libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN,
    )


def test_half_dead_is_stopping(guest: Guest, host: FakeHost) -> None:
    guest.start()
    with host.lingering():
        guest.shutdown()
        assert guest.state() is PowerState.STOPPING
    assert guest.state() is PowerState.STOPPED


def test_the_handle_survives_a_restart_of_libvirtd(
    guest: Guest, host: FakeHost
) -> None:
    guest.start()
    host.break_connection()
    assert guest.state() is PowerState.RUNNING
    guest.suspend()
    assert guest.state() is PowerState.PAUSED


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (Guest.start, {"state": 1}),
        (Guest.destroy, {"state": 1, "isActive": 1, "hasManagedSaveImage": 1}),
    ],
)
def test_round_trips_of_state(
    connection: Connection, guest: Guest, prepare: object, expected: dict[str, int]
) -> None:
    prepare(guest)  # type: ignore[operator]
    connection.calls.clear()
    guest.state()
    assert connection.calls == expected


def test_documents(make_guest: MakeGuest) -> None:
    screen = Graphics(port=-1, autoport=True, listen="127.0.0.1", passwd="hush")
    devices = document("x").devices
    guest = make_guest(devices=type(devices)(graphics=(screen,)))
    guest.start()
    assert "hush" not in guest.xml()
    assert "hush" in guest.xml(secure=True)
    assert "<domain type='xen' id=" in guest.xml().replace('"', "'")
    assert " id=" not in guest.xml(inactive=True).split(">")[0]
    assert guest.domain().name == "web1"


def test_scheduler(guest: Guest) -> None:
    guest.start()
    assert guest.scheduler() == Scheduler(weight=256, cap=0)
    guest.set_scheduler(cap=50)
    assert guest.scheduler() == Scheduler(weight=256, cap=50)
    guest.set_scheduler(weight=512)
    guest.set_scheduler()
    assert guest.scheduler() == Scheduler(weight=512, cap=50)


def test_waiting_until_a_state(guest: Guest, host: FakeHost) -> None:
    guest.start()
    with host.lingering():
        guest.shutdown()
        seen: list[PowerState | None] = []

        def condition(state: PowerState | None) -> bool:
            seen.append(state)
            return len(seen) == 3

        assert guest.wait_for_state(condition, 60, interval=0) is PowerState.STOPPING
    assert seen == [PowerState.STOPPING] * 3


def test_waiting_ends_and_tells_the_last_state(guest: Guest) -> None:
    state = guest.wait_for_state(lambda state: False, 0, interval=0)
    assert state is PowerState.STOPPED


def test_waiting_for_a_guest_to_go(guest: Guest) -> None:
    guest.undefine()
    assert guest.wait_for_state(lambda state: state is None, 60) is None
