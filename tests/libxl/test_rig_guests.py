# SPDX-License-Identifier: Apache-2.0
"""The rig: what simulated guests do, and what tests can make of them."""

import threading
from typing import Any

import libvirt
import pytest

from contract.recorder import Recorder
from libxl.rig.daemon import Daemon
from libxl.rig.guests import guest
from libxl.rig.waiting import until

STARTED = libvirt.VIR_DOMAIN_EVENT_STARTED
STOPPED = libvirt.VIR_DOMAIN_EVENT_STOPPED


@pytest.fixture
def domain(connection: Any, boot_file: str) -> Any:
    made = connection.defineXML(guest("acting", boot_file))
    made.create()
    return made


@pytest.fixture
def events(connection: Any, domain: Any) -> Recorder:
    return Recorder(connection)


def test_a_rebooted_guest_is_a_new_domain(
    xen1: Daemon, domain: Any, events: Recorder
) -> None:
    xen1.xen.reboot("acting")
    started, stopped = events.wait("acting", 2)
    assert (started.event, stopped.event) == (STARTED, STOPPED)
    assert started.id == stopped.id + 1


def test_xl_destroy_is_told(xen1: Daemon, domain: Any, events: Recorder) -> None:
    xen1.xen.kill("acting")
    destroyed = (STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
    assert events.wait_pairs("acting", 1) == [destroyed]
    assert domain.isActive() == 0


def test_a_guest_that_ended_without_the_daemon(
    xen1: Daemon, connection: Any, boot_file: str
) -> None:
    """libvirtd sees to it once it is back and watches the guest again."""
    connection.createXML(guest("acting", boot_file))
    with xen1.xen.holding("destroy", "acting"):
        xen1.xen.power_off("acting")
        xen1.xen.wait_held("destroy")
        xen1.kill()
    xen1.start()
    again = libvirt.open(xen1.uri)
    until(lambda: "acting" not in {one.name() for one in again.listAllDomains()})


def test_a_guest_half_dead(xen1: Daemon, domain: Any, events: Recorder) -> None:
    """Its state says off, yet its domain is there until Xen tore it down."""
    with xen1.xen.holding("destroy", "acting"):
        xen1.xen.power_off("acting")
        xen1.xen.wait_held("destroy")
        assert domain.state()[0] == libvirt.VIR_DOMAIN_SHUTOFF
        assert domain.isActive() == 1
    events.wait("acting", 1)
    assert domain.isActive() == 0


def test_a_deaf_guest(xen1: Daemon, domain: Any) -> None:
    xen1.xen.fail("shutdown", "acting")
    assert domain.shutdown() == 0
    assert domain.isActive() == 1


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("pause", lambda domain: domain.suspend()),
        ("destroy", lambda domain: domain.destroy()),
    ],
)
def test_calls_fail_as_asked_once(
    xen1: Daemon, domain: Any, operation: str, call: Any
) -> None:
    xen1.xen.fail(operation, "acting")
    with pytest.raises(libvirt.libvirtError):
        call(domain)
    call(domain)


def test_a_failed_create_leaves_its_reason_in_the_log(
    xen1: Daemon, connection: Any, boot_file: str
) -> None:
    xen1.xen.fail("create", "acting")
    domain = connection.defineXML(guest("acting", boot_file))
    with pytest.raises(libvirt.libvirtError, match="failed to create new domain"):
        domain.create()
    assert "a test asked this domain to fail" in xen1.libxl_log()
    domain.create()


def test_a_missing_bridge(xen1: Daemon, connection: Any, boot_file: str) -> None:
    xen1.xen.without_bridge("br9")
    nic = '<interface type="bridge"><source bridge="br9"/></interface>'
    with pytest.raises(libvirt.libvirtError, match="failed to create new domain"):
        connection.createXML(guest("acting", boot_file, devices=nic))
    assert "Could not find bridge device br9" in xen1.libxl_log()


def test_a_create_is_held(xen1: Daemon, connection: Any, boot_file: str) -> None:
    domain = connection.defineXML(guest("acting", boot_file))
    starter = threading.Thread(target=domain.create, daemon=True)
    with xen1.xen.holding("create", "acting"):
        starter.start()
        xen1.xen.wait_held("create")
        assert connection.lookupByName("acting").isActive() == 0
    starter.join(60)
    assert not starter.is_alive()
    assert connection.lookupByName("acting").isActive() == 1


def test_a_console_greets(connection: Any, domain: Any) -> None:
    stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
    domain.openConsole(None, stream, 0)
    heard = b""

    def greeted() -> bool:
        nonlocal heard
        piece = stream.recv(64)
        heard += piece if isinstance(piece, bytes) else b""  # -2: nothing there yet
        return heard.startswith(b"simulated domain")

    until(greeted)
    stream.abort()
