# SPDX-License-Identifier: Apache-2.0
"""Xen, libvirt and Domain-0, asked on hosts that answer and on others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from nova_xen.examination import xen
from nova_xen.examination.places import Places
from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.model.doctor import LibvirtFacts, Reach, XenFacts
from nova_xen.testing import FakeHost
from unit.examination.conftest import Put

Program = Callable[[str, str], str]
INFO = """host                   : xen1
nr_cpus                : 2
total_memory           : 4095
virt_caps              : pv hvm hap
xen_version            : 4.17.7
xen_commandline        : dom0_mem=1280M,max:1280M loglvl=all"""


@pytest.fixture
def fake() -> Iterator[FakeHost]:
    made = FakeHost(exists=lambda path: True)
    yield made
    made.release()


def connection(opener: Callable[[str], object], open: float = 60) -> Connection:
    return Connection(
        opener=opener,
        deadlines=Deadlines(open=open, query=open),
        sleep=lambda seconds: None,
    )


def test_libvirt_that_answers(fake: FakeHost, places: Places) -> None:
    facts = xen.libvirt_facts(connection(fake.connect), places)
    assert facts.reach is Reach.ANSWERED
    assert facts.host is not None
    assert (facts.host.hostname, facts.host.libvirt_version) == ("xen1", 9_000_000)


def failing(code: int, domain: int, message: str, number: int = 0) -> Connection:
    error = libvirt.libvirtError(message)
    error.err = (code, domain, message, 2, message, None, None, number, -1)

    def fail(_uri: str) -> object:
        raise error

    return connection(fail)


@pytest.mark.parametrize(
    ("code", "domain", "number", "reach"),
    [
        (libvirt.VIR_ERR_NO_CONNECT, 0, 0, Reach.NO_XEN),
        (libvirt.VIR_ERR_SYSTEM_ERROR, 7, 13, Reach.NOT_PERMITTED),
        (libvirt.VIR_ERR_SYSTEM_ERROR, 7, 2, Reach.UNAVAILABLE),
    ],
)
def test_libvirt_that_does_not(
    places: Places, code: int, domain: int, number: int, reach: Reach
) -> None:
    facts = xen.libvirt_facts(failing(code, domain, "It is so.", number), places)
    assert (facts.reach, facts.why, facts.host) == (reach, "It is so", None)


def test_libvirt_that_refuses_a_question(fake: FakeHost, places: Places) -> None:
    fake.fail_next("getCapabilities")
    facts = xen.libvirt_facts(connection(fake.connect), places)
    assert facts.reach is Reach.FAILED
    assert facts.why


def test_libvirt_with_a_document_of_garbage(fake: FakeHost, places: Places) -> None:
    fake.capabilities = "\x00 no XML"
    facts = xen.libvirt_facts(connection(fake.connect), places)
    assert (facts.reach, facts.host) == (Reach.FAILED, None)


def test_libvirt_that_hangs(fake: FakeHost, places: Places) -> None:
    fake.hang("getCapabilities")
    facts = xen.libvirt_facts(connection(fake.connect, open=0.2), places)
    assert facts.reach is Reach.FAILED
    assert facts.why == (
        "it gave no answer within 0.2 s while reading what the host is"
    )


def test_what_xl_tells(places: Places, program: Program) -> None:
    xl = program("xl", f"cat <<'END'\n{INFO}\nEND")
    facts = xen.xen_facts(None, dataclasses.replace(places, xl=xl))
    assert facts.info is not None
    assert facts.info["xen_version"] == "4.17.7"
    assert facts.why == ""


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "xl is not there; install Xen's tools (Debian's xen-utils-common)"),
        ("echo 'cannot open /proc/xen' >&2; exit 1", "exit code 1, cannot open"),
        ("exec sleep 600", "it gave no answer within 0.3 s"),
    ],
)
def test_an_xl_that_does_not_tell(
    places: Places,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    script: str | None,
    why: str,
) -> None:
    monkeypatch.setattr(xen, "TIMEOUT", 0.3)
    if script is not None:
        places = dataclasses.replace(places, xl=program("xl", script))
    facts = xen.xen_facts(None, places)
    assert facts.info is None
    assert facts.why.startswith(why)


def test_an_xl_that_tells_nonsense(places: Places, program: Program) -> None:
    xl = program("xl", "head -c 4096 /dev/urandom")
    facts = xen.xen_facts(None, dataclasses.replace(places, xl=xl))
    assert facts.info is not None
    assert "xen_version" not in facts.info


TOLD = XenFacts(
    info={
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in INFO.splitlines())
    }
)


def test_domain_0(places: Places, put: Put) -> None:
    put("/proc/meminfo", "MemTotal:        1230848 kB\nMemFree: 1 kB\n")
    put("/etc/xen/xl.conf", '#autoballoon="on"\nautoballoon="off"  # no\n')
    put("/etc/libvirt/libxl.conf", "autoballoon = 1\n")
    facts = xen.dom0_facts(TOLD, None, places)
    assert facts.fixed
    assert facts.commandline == "dom0_mem=1280M,max:1280M loglvl=all"
    assert (facts.memory_mib, facts.host_mib, facts.host_cpus) == (1202, 4095, 2)
    assert (facts.in_xl, facts.in_libvirt) == ("off", True)
    assert facts.unreadable == ()
    assert facts.cpus


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ('autoballoon="auto"', "auto"),
        ("autoballoon = 1", "1"),
        ("autoballoon='on' # for now", "on"),
        ("#autoballoon=on", None),
        ("", None),
    ],
)
def test_the_setting_of_xl(
    places: Places, put: Put, line: str, setting: str | None
) -> None:
    put("/etc/xen/xl.conf", f"{line}\n")
    assert xen.dom0_facts(TOLD, None, places).in_xl == setting


def test_domain_0_of_a_host_that_tells_nothing(places: Places, fake: FakeHost) -> None:
    facts = xen.dom0_facts(XenFacts(why="no xl"), None, places)
    assert (facts.commandline, facts.fixed) == (None, False)
    assert (facts.memory_mib, facts.host_mib, facts.host_cpus) == (None, None, None)
    assert (facts.in_xl, facts.in_libvirt, facts.unreadable) == (None, None, ())
    libvirts: LibvirtFacts = xen.libvirt_facts(connection(fake.connect), places)
    by_libvirt = xen.dom0_facts(XenFacts(why="no xl"), libvirts.host, places)
    assert (by_libvirt.host_mib, by_libvirt.host_cpus) == (4095, 2)


def test_garbage_where_numbers_should_be(places: Places, put: Put) -> None:
    put("/proc/meminfo", "MemTotal: a lot\n")
    told = XenFacts(info={"total_memory": "²", "nr_cpus": "-1"})
    facts = xen.dom0_facts(told, None, places)
    assert (facts.memory_mib, facts.host_mib, facts.host_cpus) == (None, None, None)


def test_files_that_cannot_be_read(places: Places, root: Path) -> None:
    """A folder in its place cannot, by root neither."""
    (root / "etc/xen/xl.conf").mkdir(parents=True)
    facts = xen.dom0_facts(TOLD, None, places)
    assert facts.unreadable == (str(root / "etc/xen/xl.conf"),)
