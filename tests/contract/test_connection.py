# SPDX-License-Identifier: Apache-2.0
"""The connection: what it tells of the host, and how it ends."""

import threading
from typing import Any

import libvirt
import pytest
from lxml import etree

from contract import documents
from contract.refusals import LIBXL, refused
from contract.tiers.base import Tier

ARGUMENT = libvirt.VIR_ERR_INVALID_ARG
WAIT_SECONDS = 60.0


def test_type(xen: Tier) -> None:
    assert xen.connection.getType() == "Xen"


def test_version_of_xen(xen: Tier) -> None:
    assert xen.connection.getVersion() >= 4017000


def test_info_and_free_memory_agree(xen: Tier) -> None:
    architecture, mib, cpus, *_ = xen.connection.getInfo()
    assert architecture == "x86_64"
    assert 0 < xen.connection.getFreeMemory() < mib * 1024**2
    assert xen.connection.getMaxVcpus("xen") == cpus


def test_capabilities_list_three_kinds_and_no_uuid(xen: Tier) -> None:
    root = etree.fromstring(xen.connection.getCapabilities())
    kinds = {guest.findtext("os_type") for guest in root.findall("guest")}
    assert kinds == {"xen", "hvm", "xenpvh"}
    assert root.find("host/uuid") is None


@pytest.mark.parametrize("machine", [None, "xenpv", "xenpvh", "xenfv"])
def test_capabilities_of_a_machine(xen: Tier, machine: str | None) -> None:
    text = xen.connection.getDomainCapabilities(None, "x86_64", machine, "xen")
    root = etree.fromstring(text)
    assert root.findtext("domain") == "xen"
    assert root.findtext("machine") == (machine or "xenpv")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((None, "x86_64", None, "kvm"), "unknown virttype: kvm"),
        ((None, "x86_64", "pc", "xen"), "Xen only supports 'xenpv', 'xenpvh' and"),
        ((None, "nonsense", None, "xen"), "unknown architecture: nonsense"),
    ],
)
def test_capabilities_of_what_xen_is_not(
    xen: Tier, arguments: tuple[Any, ...], words: str
) -> None:
    with refused(ARGUMENT, LIBXL, words):
        xen.connection.getDomainCapabilities(*arguments)


def _features(cpu: str) -> set[str | None]:
    return {each.get("name") for each in etree.fromstring(cpu).findall("feature")}


def test_what_the_model_of_the_host_means(xen: Tier) -> None:
    root = etree.fromstring(xen.connection.getCapabilities())
    host = root.find("host/cpu")
    assert host is not None
    cpu = etree.tostring(host, encoding="unicode")
    expand = libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
    plain = xen.connection.baselineCPU([cpu])
    whole = xen.connection.baselineCPU([cpu], expand)
    assert etree.fromstring(whole).findtext("model") == host.findtext("model")
    assert _features(whole) > _features(plain)
    assert {"sse2", "mmx"} <= _features(whole) - _features(plain)


def test_a_model_that_nobody_knows(xen: Tier) -> None:
    cpu = "<cpu><arch>x86_64</arch><model>nonsense</model></cpu>"
    with refused(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_CPU, "Unknown CPU"):
        xen.connection.baselineCPU([cpu], 0)


def test_closing_calls_no_close_callback(xen: Tier) -> None:
    connection = xen.connect()
    told: list[int] = []
    connection.registerCloseCallback(lambda *seen: told.append(seen[1]), None)
    assert connection.isAlive() == 1
    connection.close()
    assert told == []


@pytest.mark.parametrize("callbacks", [0, 1, 2])
def test_a_callback_keeps_a_closed_connection(xen: Tier, callbacks: int) -> None:
    """And the daemon its client, until the process ends; they count as one."""
    connection = xen.connect()
    events = (
        libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
        libvirt.VIR_DOMAIN_EVENT_ID_WATCHDOG,
    )
    numbers = [
        connection.domainEventRegisterAny(None, event, lambda *_: None, None)
        for event in events[: callbacks + 1]
    ]
    connection.domainEventDeregisterAny(numbers.pop())
    assert connection.close() == min(callbacks, 1)


def test_an_event_is_tracked_once(xen: Tier, defined: Any) -> None:
    """For all guests, and for each guest; what was given back can be had again."""
    life, reboot = (
        libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
    )
    connection = xen.connect()

    def track(event: int, domain: Any) -> int:
        number: int = connection.domainEventRegisterAny(
            domain, event, lambda *_: None, None
        )
        return number

    own, numbers = connection.lookupByName(documents.NAME), []
    for domain in (None, own):
        numbers += [track(reboot, domain), track(life, domain)]
        with refused(ARGUMENT, libvirt.VIR_FROM_NONE, "already tracked"):
            track(life, domain)
        connection.domainEventDeregisterAny(numbers.pop())
        numbers.append(track(life, domain))
    for number in numbers:
        connection.domainEventDeregisterAny(number)
    with refused(ARGUMENT, libvirt.VIR_FROM_DOMAIN, "must match connection"):
        track(life, defined)
    connection.close()


def test_a_restarted_daemon_is_told_once(xen: Tier) -> None:
    connection = xen.connect()
    told: list[int] = []
    closed = threading.Event()

    def callback(connection: Any, reason: int, opaque: object) -> None:
        told.append(reason)
        closed.set()

    connection.registerCloseCallback(callback, None)
    xen.restart_daemon()
    assert closed.wait(WAIT_SECONDS)
    assert told == [libvirt.VIR_CONNECT_CLOSE_REASON_EOF]
    assert connection.isAlive() == 0


def test_a_dead_connection_refuses_calls(xen: Tier) -> None:
    connection = xen.connect()
    closed = threading.Event()
    connection.registerCloseCallback(lambda *seen: closed.set(), None)
    xen.restart_daemon()
    assert closed.wait(WAIT_SECONDS)
    with pytest.raises(libvirt.libvirtError) as raised:
        connection.listAllDomains()
    assert raised.value.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR
    assert raised.value.get_error_domain() == libvirt.VIR_FROM_RPC


def test_one_close_callback_a_connection(xen: Tier) -> None:
    connection = xen.connect()
    connection.registerCloseCallback(lambda *seen: None, None)
    with pytest.raises(libvirt.libvirtError):
        connection.registerCloseCallback(lambda *seen: None, None)
    connection.close()


def test_guests_survive_a_restarted_daemon(xen: Tier, running: Any) -> None:
    number = running.ID()
    xen.restart_daemon()
    again = xen.connection.lookupByName(documents.NAME)
    assert again.ID() == number
    assert again.state() == [
        libvirt.VIR_DOMAIN_RUNNING,
        libvirt.VIR_DOMAIN_RUNNING_UNKNOWN,
    ]


def test_paused_and_stopped_guests_after_a_restarted_daemon(
    xen: Tier, running: Any
) -> None:
    running.suspend()
    xen.connection.defineXML(documents.guest(xen, name="contract-2", identity=None))
    xen.restart_daemon()
    paused = xen.connection.lookupByName(documents.NAME)
    stopped = xen.connection.lookupByName("contract-2")
    assert paused.state() == [
        libvirt.VIR_DOMAIN_PAUSED,
        libvirt.VIR_DOMAIN_PAUSED_UNKNOWN,
    ]
    assert stopped.state() == [
        libvirt.VIR_DOMAIN_SHUTOFF,
        libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN,
    ]


def test_domain_0_is_transient_for_a_restarted_daemon(xen: Tier) -> None:
    xen.restart_daemon()
    domain_0 = xen.connection.lookupByID(0)
    assert domain_0.isActive() == 1
    assert domain_0.isPersistent() == 0


def test_events_of_a_removed_callback_do_not_come(xen: Tier, defined: Any) -> None:
    seen: list[int] = []
    number = xen.connection.domainEventRegisterAny(
        None,
        libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda *given: seen.append(given[2]),
        None,
    )
    xen.connection.domainEventDeregisterAny(number)
    recorder = xen.record()
    defined.create()
    recorder.wait(documents.NAME, 1)
    recorder.stop()
    assert seen == []
