# SPDX-License-Identifier: Apache-2.0
"""The fake host by itself: memory, files, bridges, guests that act."""

from __future__ import annotations

from typing import Any

import libvirt
import pytest

from nova_xen.testing import FakeConnection, FakeHost, xmltext

from .conftest import document

STARTED = libvirt.VIR_DOMAIN_EVENT_STARTED
STOPPED = libvirt.VIR_DOMAIN_EVENT_STOPPED
LIFECYCLE = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
OFF = libvirt.VIR_DOMAIN_SHUTOFF


def _listen(connection: FakeConnection, domain: Any = None) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []

    def callback(
        source: Any, changed: Any, event: int, detail: int, opaque: object
    ) -> None:
        seen.append((event, changed.ID()))

    connection.domainEventRegisterAny(domain, LIFECYCLE, callback, None)
    return seen


def test_a_restart_changes_the_id(
    host: FakeHost, connection: FakeConnection, domain: Any
) -> None:
    domain.create()
    seen = _listen(connection)
    host.guest_reboots("one")
    host.settle()
    assert seen == [(STARTED, 2), (STOPPED, 1)]


def test_events_of_one_guest(
    host: FakeHost, connection: FakeConnection, domain: Any
) -> None:
    seen = _listen(connection, domain)
    connection.createXML(document("two"))
    domain.create()
    host.settle()
    assert seen == [(STARTED, 2)]


def test_an_event_does_not_come_on_the_callers_thread(
    host: FakeHost, connection: FakeConnection, domain: Any
) -> None:
    import threading

    seen: list[str] = []
    connection.domainEventRegisterAny(
        None,
        LIFECYCLE,
        lambda *given: seen.append(threading.current_thread().name),
        None,
    )
    domain.create()
    host.settle()
    assert seen
    assert threading.current_thread().name not in seen


def test_a_failing_callback_does_not_stop_the_others(
    host: FakeHost, connection: FakeConnection, domain: Any, capfd: Any
) -> None:
    def fails(*given: object) -> None:
        raise ValueError("no")

    connection.domainEventRegisterAny(None, LIFECYCLE, fails, None)
    seen = _listen(connection, domain)
    domain.create()
    host.settle()
    assert seen == [(STARTED, 1)]
    assert "ValueError: no" in capfd.readouterr().err


def test_a_half_dead_guest(
    host: FakeHost, connection: FakeConnection, domain: Any
) -> None:
    domain.create()
    seen = _listen(connection)
    with host.lingering():
        domain.shutdown()
        assert domain.state()[0] == OFF
        assert domain.isActive() == 1
        with pytest.raises(libvirt.libvirtError, match="already running"):
            domain.create()
        host.settle()
        assert seen == []
    host.settle()
    assert seen == [(STOPPED, 1)]
    assert domain.isActive() == 0


def test_a_deaf_guest(host: FakeHost, domain: Any) -> None:
    domain.create()
    host.deaf_guests.add("one")
    assert domain.shutdown() == 0
    assert domain.reboot() == 0
    assert host.guest("one").id == 1


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("guest_powers_off", libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN),
        ("guest_crashes", libvirt.VIR_DOMAIN_SHUTOFF_CRASHED),
    ],
)
def test_guests_end(host: FakeHost, domain: Any, act: str, reason: int) -> None:
    domain.create()
    getattr(host, act)("one")
    assert domain.state() == [OFF, reason]


def test_on_crash_restart(host: FakeHost, connection: FakeConnection) -> None:
    text = document().replace("<devices/>", "<on_crash>restart</on_crash><devices/>")
    domain = connection.defineXML(text)
    domain.create()
    host.guest_crashes("one")
    assert domain.isActive() == 1
    assert host.guest("one").id == 2


def test_memory_runs_out(connection: FakeConnection, host: FakeHost) -> None:
    free_mib = host.free_kib // 1024
    connection.createXML(document("big", memory_mib=free_mib - 64))
    with pytest.raises(libvirt.libvirtError, match="failed to create new domain"):
        connection.createXML(document("late", memory_mib=128))


def test_files_that_are_not_there() -> None:
    host = FakeHost(exists=lambda path: path != "/kernel")
    with pytest.raises(libvirt.libvirtError, match="failed to create new domain"):
        host.connect().createXML(document())


def test_bridges_that_are_not_there(host: FakeHost, domain: Any) -> None:
    nic = '<interface type="bridge"><source bridge="br9"/></interface>'
    host.bridges = {"br0"}
    domain.create()
    with pytest.raises(libvirt.libvirtError, match="failed to attach network device"):
        domain.attachDevice(nic)
    host.bridges.add("br9")
    domain.attachDevice(nic)


def test_a_closed_connection(host: FakeHost, connection: FakeConnection) -> None:
    connection.close()
    assert connection.isAlive() == 0
    with pytest.raises(libvirt.libvirtError):
        connection.listAllDomains()
    assert host.connections() == []


def test_a_broken_connection(
    host: FakeHost, connection: FakeConnection, domain: Any
) -> None:
    told: list[int] = []
    connection.registerCloseCallback(lambda *given: told.append(given[1]), None)
    domain.create()
    host.break_connection()
    connection.settle(30.0)
    assert told == [libvirt.VIR_CONNECT_CLOSE_REASON_EOF]
    with pytest.raises(libvirt.libvirtError, match="client socket is closed"):
        domain.state()
    assert host.connect().lookupByName("one").isActive() == 1


def test_transient_guests_that_do_not_run_are_forgotten_with_the_daemon(
    host: FakeHost, connection: FakeConnection
) -> None:
    connection.createXML(document()).destroy()
    host.break_connection()
    names = [one.name() for one in host.connect().listAllDomains()]
    assert names == ["Domain-0"]


def test_devices_of_the_host(host: FakeHost, connection: FakeConnection) -> None:
    host.pci_devices["pci_0000_03_00_0"] = "<device/>"
    [device] = connection.listAllDevices(0)
    assert device.name() == "pci_0000_03_00_0"
    assert connection.nodeDeviceLookupByName(device.name()).XMLDesc() == "<device/>"
    with pytest.raises(libvirt.libvirtError) as raised:
        connection.nodeDeviceLookupByName("pci_0000_09_00_0")
    assert raised.value.get_error_code() == libvirt.VIR_ERR_NO_NODE_DEVICE


def test_the_password_of_a_display_is_shown_to_those_who_ask(
    connection: FakeConnection,
) -> None:
    vnc = '<devices><graphics type="vnc" passwd="secret"/></devices>'
    domain = connection.defineXML(document().replace("<devices/>", vnc))
    assert "secret" not in domain.XMLDesc()
    assert "secret" in domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)


def test_a_display_of_a_running_guest_has_a_port(connection: FakeConnection) -> None:
    vnc = '<devices><graphics type="vnc" autoport="yes"/></devices>'
    text = document(kind="hvm").replace("<devices/>", vnc)
    assert 'port="59' in connection.createXML(text).XMLDesc()


@pytest.mark.parametrize(
    ("set_to", "model", "answer"),
    [
        (None, None, libvirt.VIR_CPU_COMPARE_IDENTICAL),
        (None, "486", libvirt.VIR_CPU_COMPARE_INCOMPATIBLE),
        (libvirt.VIR_CPU_COMPARE_SUPERSET, "486", libvirt.VIR_CPU_COMPARE_SUPERSET),
    ],
)
def test_processors_are_compared_by_their_model(
    host: FakeHost,
    connection: FakeConnection,
    set_to: int | None,
    model: str | None,
    answer: int,
) -> None:
    host.cpu_comparison = set_to
    own = xmltext.parse(connection.getCapabilities()).findtext("host/cpu/model")
    text = f"<cpu><arch>x86_64</arch><model>{model or own}</model></cpu>"
    assert connection.compareCPU(text) == answer
