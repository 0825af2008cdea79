# SPDX-License-Identifier: Apache-2.0
"""Who has the host's memory, and how few calls it takes to know."""

from __future__ import annotations

from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import Connection
from nova_xen.hypervisor.dom0 import available_kib, uptime
from nova_xen.hypervisor.usage import take_usage
from nova_xen.testing import FakeHost

from .conftest import MakeGuest

MEMINFO = "MemTotal:       15814 kB\nMemFree:   2330 kB\nMemAvailable:    8657 kB\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "meminfo").write_text(MEMINFO)
    (tmp_path / "uptime").write_text("4711.93 1234.56\n")
    return tmp_path


def test_an_idle_host(connection: Connection, host: FakeHost, proc: Path) -> None:
    found = take_usage(connection, proc)
    assert (found.guests, found.spare_kib) == ((), 8657)
    assert found.dom0_kib == host.dom0_mib * 1024
    assert found.free_kib == host.free_kib
    assert connection.calls == {"getFreeMemory": 1, "listAllDomains": 1, "info": 1}


def test_active_guests(
    connection: Connection, make_guest: MakeGuest, host: FakeHost, proc: Path
) -> None:
    make_guest("off")
    make_guest("web", vcpus=2).start()
    make_guest("paused").start(paused=True)
    make_guest("other", ours=False).start()
    host.guest("web").cpu_time = 7
    host.guest("paused").memory_kib = 100_000  # ballooned
    found = {each.name: each for each in take_usage(connection, proc).guests}
    assert sorted(found) == ["other", "paused", "web"]
    web = found["web"]
    assert (web.vcpus, web.memory_kib, web.cpu_time_ns) == (2, 262144, 7)
    assert found["paused"].memory_kib == 100_000
    assert web.uuid == host.guest("web").uuid
    assert {name: each.ours for name, each in found.items()} == {
        "web": True,
        "paused": True,
        "other": False,
    }


@pytest.mark.parametrize("count", [0, 1, 20])
def test_round_trips(
    connection: Connection, make_guest: MakeGuest, proc: Path, count: int
) -> None:
    for number in range(count):
        make_guest(f"web{number}", memory=16384).start()
        make_guest(f"off{number}")
    connection.calls.clear()
    assert len(take_usage(connection, proc).guests) == count
    calls = {
        "getFreeMemory": 1,
        "listAllDomains": 1,
        "info": 1 + count,
        "metadata": count,
    }
    assert dict(connection.calls) == {name: n for name, n in calls.items() if n}


@pytest.mark.parametrize("call", ["info", "metadata"])
def test_a_guest_that_vanishes_meanwhile_is_left_out(
    connection: Connection,
    make_guest: MakeGuest,
    host: FakeHost,
    proc: Path,
    call: str,
) -> None:
    for name in ("gone", "here"):
        make_guest(name).start()
    host.fail_next(call, 42, "Domain not found", guest="gone")
    assert [each.name for each in take_usage(connection, proc).guests] == ["here"]


def test_a_guest_that_xen_has_no_more_is_left_out(
    connection: Connection, make_guest: MakeGuest, host: FakeHost, proc: Path
) -> None:
    """libvirt still has it for a moment, and cannot ask Xen about it."""
    for name in ("gone", "here"):
        make_guest(name).start()
    words = "internal error: libxl_domain_info failed for domain '7'"
    host.fail_next("info", 1, words, guest="gone")
    assert [each.name for each in take_usage(connection, proc).guests] == ["here"]


@pytest.mark.parametrize("call", ["getFreeMemory", "info", "metadata"])
def test_other_errors_are_told(
    connection: Connection,
    make_guest: MakeGuest,
    host: FakeHost,
    proc: Path,
    call: str,
) -> None:
    make_guest().start()
    host.fail_next(call, 1, "libxl_domain_info failed")
    with pytest.raises(exceptions.HypervisorError, match="asking what guests use"):
        take_usage(connection, proc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MEMINFO, 8657),
        ("MemFree:   2330 kB\n", None),
        ("MemAvailable:    many kB\n", None),
        ("", None),
    ],
)
def test_what_domain_0_has_available(
    tmp_path: Path, text: str, expected: int | None
) -> None:
    (tmp_path / "meminfo").write_text(text)
    assert available_kib(tmp_path) == expected


def test_a_kernel_that_tells_nothing(tmp_path: Path) -> None:
    assert available_kib(tmp_path) is None
    assert uptime(tmp_path) is None


def test_uptime(proc: Path) -> None:
    assert uptime(proc) == 4711
