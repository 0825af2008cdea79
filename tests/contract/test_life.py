# SPDX-License-Identifier: Apache-2.0
"""How guests pause, stop, restart and crash, and what is told of it."""

from typing import Any

import libvirt
import pytest

from contract import documents
from contract.recorder import Recorder
from contract.refusals import DOMAIN, LIBXL, refused
from contract.tiers.base import Tier

INVALID = libvirt.VIR_ERR_OPERATION_INVALID
STARTED = libvirt.VIR_DOMAIN_EVENT_STARTED
STOPPED = libvirt.VIR_DOMAIN_EVENT_STOPPED
SHUTDOWN = libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN
OFF = libvirt.VIR_DOMAIN_SHUTOFF


def test_pause_and_unpause(running: Any, events: Recorder) -> None:
    running.suspend()
    assert running.state() == [
        libvirt.VIR_DOMAIN_PAUSED,
        libvirt.VIR_DOMAIN_PAUSED_USER,
    ]
    running.resume()
    assert running.state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_UNPAUSED,
    ]
    assert events.wait_pairs(documents.NAME, 2) == [
        (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, 0),
        (libvirt.VIR_DOMAIN_EVENT_RESUMED, 0),
    ]


def test_pausing_twice_tells_nothing_new(running: Any, events: Recorder) -> None:
    running.suspend()
    running.suspend()
    running.destroy()
    assert events.wait_pairs(documents.NAME, 2) == [
        (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, 0),
        (STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED),
    ]


def test_destroy(running: Any, events: Recorder) -> None:
    number = running.ID()
    running.destroy()
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED]
    assert running.isActive() == 0
    [seen] = events.wait(documents.NAME, 1)
    assert (seen.event, seen.detail) == (
        STOPPED,
        libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED,
    )
    assert seen.id == number


@pytest.mark.parametrize(
    "call", ["destroy", "suspend", "resume", "shutdown", "reboot", "managedSave"]
)
def test_calls_that_need_a_running_guest(defined: Any, call: str) -> None:
    with refused(INVALID, DOMAIN, "domain is not running"):
        getattr(defined, call)()


def test_destroy_knows_no_flags(idle: Any) -> None:
    words = "unsupported flags (0x1) in function libxlDomainDestroyFlags"
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, words):
        idle.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL)


@pytest.mark.parametrize("flags", [1, 2, 4])
def test_flags_reboot_does_not_know(idle: Any, flags: int) -> None:
    words = f"unsupported flags ({flags:#x}) in function libxlDomainReboot"
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, words):
        idle.reboot(flags)


@pytest.mark.parametrize("flags", [2, 4, 8])
def test_flags_shutdown_does_not_know(idle: Any, flags: int) -> None:
    words = f"unsupported flags ({flags:#x}) in function libxlDomainShutdownFlags"
    with refused(libvirt.VIR_ERR_INVALID_ARG, LIBXL, words):
        idle.shutdownFlags(flags)


def test_acpi_does_not_reach_a_pv_guest(idle: Any) -> None:
    words = f"Failed to shutdown domain '{idle.ID()}' with libxenlight"
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, LIBXL, words):
        idle.shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)


def test_a_paused_guest_does_not_hear_shutdown(running: Any) -> None:
    running.suspend()
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, LIBXL, "Failed to shutdown domain"):
        running.shutdown()


def test_shutdown(xen: Tier, running: Any, events: Recorder) -> None:
    xen.wait_booted(documents.NAME)
    running.shutdown()
    assert events.wait_pairs(documents.NAME, 1) == [(STOPPED, SHUTDOWN)]
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN]
    assert running.isPersistent() == 1


def test_a_guest_powers_off(xen: Tier, running: Any, events: Recorder) -> None:
    xen.guest_powers_off(documents.NAME)
    assert events.wait_pairs(documents.NAME, 1) == [(STOPPED, SHUTDOWN)]
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN]


def test_a_guest_crashes(xen: Tier, running: Any, events: Recorder) -> None:
    xen.guest_crashes(documents.NAME)
    crashed = (STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED)
    assert events.wait_pairs(documents.NAME, 1) == [crashed]
    assert running.state() == [OFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED]


def test_a_transient_guest_that_powers_off_is_gone(xen: Tier, events: Recorder) -> None:
    domain = xen.connection.createXML(documents.guest(xen))
    xen.guest_powers_off(documents.NAME)
    events.wait(documents.NAME, 2)
    with refused(libvirt.VIR_ERR_NO_DOMAIN, LIBXL):
        domain.state()


def _restart_by(xen: Tier, domain: Any, way: str) -> None:
    if way == "call":
        xen.wait_booted(documents.NAME)
        domain.reboot()
    else:
        xen.guest_reboots(documents.NAME)


@pytest.mark.parametrize("way", ["call", "guest"])
def test_a_restart_is_a_new_domain(
    xen: Tier, running: Any, events: Recorder, way: str
) -> None:
    old = running.ID()
    _restart_by(xen, running, way)
    started, stopped = events.wait(documents.NAME, 2)
    # STOPPED tells of the old domain and comes after STARTED of the new one.
    assert (started.event, started.detail) == (STARTED, 0)
    assert (stopped.event, stopped.detail) == (STOPPED, SHUTDOWN)
    assert stopped.id == old
    assert started.id > old
    assert running.state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_BOOTED,
    ]


def test_a_handle_keeps_the_id_from_before_a_restart(
    xen: Tier, running: Any, events: Recorder
) -> None:
    old = running.ID()
    _restart_by(xen, running, "call")
    events.wait(documents.NAME, 2)
    assert running.ID() == old
    assert xen.connection.lookupByName(documents.NAME).ID() > old


def test_no_reboot_event_is_told(xen: Tier, running: Any, events: Recorder) -> None:
    seen: list[int] = []
    number = xen.connection.domainEventRegisterAny(
        None,
        libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
        lambda connection, domain, opaque: seen.append(domain.ID()),
        None,
    )
    _restart_by(xen, running, "call")
    events.wait(documents.NAME, 2)
    xen.connection.domainEventDeregisterAny(number)
    assert seen == []


def test_a_restart_takes_up_the_persistent_definition(
    xen: Tier, running: Any, events: Recorder
) -> None:
    xen.connection.defineXML(documents.guest(xen, memory_mib=160))
    events.wait(documents.NAME, 1)
    _restart_by(xen, running, "call")
    events.wait(documents.NAME, 3)
    assert running.maxMemory() == 160 * 1024


def test_on_reboot_destroy(xen: Tier, events: Recorder) -> None:
    text = documents.guest(xen).replace("<on_reboot>restart", "<on_reboot>destroy")
    domain = xen.connection.defineXML(text)
    domain.create()
    _restart_by(xen, domain, "call")
    assert events.wait_pairs(documents.NAME, 3)[2] == (STOPPED, SHUTDOWN)
    assert domain.isActive() == 0
