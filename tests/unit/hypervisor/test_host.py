# SPDX-License-Identifier: Apache-2.0
"""The facts of a host: libvirt's, and what lies on its disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import BootPaths, Connection, gather_host_facts
from nova_xen.hypervisor.autoballoon import (
    configured,
    has_fixed_dom0,
    libxl_autoballoons,
)
from nova_xen.hypervisor.bootfiles import find_boot_files
from nova_xen.hypervisor.xenconsoled import console_log_dir, log_dir_of
from nova_xen.model import BootFiles, BridgeFacts, GuestMode
from nova_xen.testing import FakeHost


def process(proc: Path, number: int, *arguments: str) -> None:
    folder = proc / str(number)
    folder.mkdir()
    text = "".join(f"{each}\0" for each in arguments)
    (folder / "cmdline").write_text(text)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    process(folder, 1, "/sbin/init")
    process(folder, 2)
    (folder / "self").mkdir()
    (folder / "3").mkdir()
    return folder


def program(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_facts_of_a_host(
    connection: Connection, host: FakeHost, proc: Path, tmp_path: Path
) -> None:
    process(proc, 50, "/usr/lib/xen-4.17/bin/xenconsoled", "--log=guest")
    (tmp_path / "hvmloader").touch()
    bridges = {"br0": BridgeFacts(name="br0", mtu=1500)}
    facts = gather_host_facts(
        connection,
        bridges=bridges,
        boot_paths=BootPaths(hvmloader=(f"{tmp_path}/hvmloader",)),
        proc=proc,
        libxl_conf=tmp_path / "libxl.conf",
        xl="no-such-program",
    )
    assert (facts.hostname, facts.arch, facts.cpus) == ("xen1", "x86_64", 2)
    assert (facts.xen_version, facts.libvirt_version) == (4017000, 9000000)
    assert (facts.memory_mib, facts.free_memory_mib) == (4095, host.free_kib // 1024)
    assert facts.scheduler == "credit2"
    assert facts.modes[GuestMode.HVM].max_vcpus == 128
    assert facts.bridges == bridges
    assert facts.boot_files.hvmloader == f"{tmp_path}/hvmloader"
    assert facts.console_log_dir == "/var/log/xen/console"
    assert facts.autoballoon is False


def test_facts_for_who_makes_no_server(
    connection: Connection, proc: Path, tmp_path: Path
) -> None:
    """Neither folders nor processes are searched, and all else is the same."""
    process(proc, 50, "/usr/lib/xen-4.17/bin/xenconsoled", "--log=guest")
    (tmp_path / "hvmloader").touch()
    paths = BootPaths(hvmloader=(f"{tmp_path}/hvmloader",))
    whole, spared = (
        gather_host_facts(
            connection, boot_paths=paths, programs=programs, proc=proc, xl="no-such"
        )
        for programs in (True, False)
    )
    assert whole.boot_files.hvmloader
    assert whole.console_log_dir
    nothing = dataclasses.replace(whole, boot_files=BootFiles(), console_log_dir=None)
    assert spared == nothing


def test_round_trips_of_the_facts(connection: Connection, proc: Path) -> None:
    gather_host_facts(connection, proc=proc, xl="no-such-program")
    assert connection.calls == {
        "getCapabilities": 1,
        "getInfo": 1,
        "getHostname": 1,
        "getVersion": 1,
        "getLibVersion": 1,
        "getFreeMemory": 1,
        "getDomainCapabilities": 3,
        "lookupByID": 1,
        "schedulerType": 1,
    }


def test_an_unreadable_document(
    connection: Connection, host: FakeHost, proc: Path
) -> None:
    host.capabilities = "<capabilities/>"
    with pytest.raises(exceptions.HypervisorError, match="no architecture"):
        gather_host_facts(connection, proc=proc)


def test_the_first_pattern_wins_and_the_newest_match(tmp_path: Path) -> None:
    for version in ("4.9", "4.17", "4.14"):
        folder = tmp_path / f"xen-{version}"
        folder.mkdir()
        (folder / "pygrub").touch()
    paths = BootPaths(
        hvmloader=(),
        ovmf=(f"{tmp_path}/none",),
        pvgrub=(f"{tmp_path}/none", f"{tmp_path}/xen-4.9/pygrub", f"{tmp_path}/*/*"),
        pvhgrub=(),
        pygrub=(f"{tmp_path}/xen-*/pygrub",),
    )
    found = find_boot_files(paths)
    assert found.pygrub == f"{tmp_path}/xen-4.17/pygrub"
    assert found.pvgrub == f"{tmp_path}/xen-4.9/pygrub"
    assert (found.hvmloader, found.ovmf) == (None, None)


@pytest.mark.parametrize(
    ("options", "folder"),
    [
        ("--log=guest --pid-file /run/x.pid", "/var/log/xen/console"),
        ("--log=all", "/var/log/xen/console"),
        ("--log guest --log-dir /srv/logs", "/srv/logs"),
        ("--log=guest --log-dir=/srv/logs", "/srv/logs"),
        ("--log-dir=/srv/logs", None),
        ("--log=none", None),
        ("--log=hv", None),
        ("--log", None),
        ("", None),
        ("--log=none --log=guest", "/var/log/xen/console"),
    ],
)
def test_where_xenconsoled_logs(options: str, folder: str | None) -> None:
    assert log_dir_of(options.split()) == folder


def test_no_xenconsoled_no_logs(proc: Path) -> None:
    process(proc, 60, "/bin/vi", "xenconsoled", "--log=guest")
    assert console_log_dir(proc) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("#autoballoon = 1\n", None),
        ("autoballoon = 1\n", True),
        ("keepalive_count = 5\n autoballoon=0 # no\n", False),
    ],
)
def test_autoballoon_in_libxl_conf(text: str, expected: bool | None) -> None:
    assert configured(text) is expected


@pytest.mark.parametrize(
    ("commandline", "fixed"),
    [
        ("", False),
        ("dom0_mem=1536M,max:1536M dom0_max_vcpus=1", True),
        ("loglvl=all dom0_mem=max:1G", True),
        ("xdom0_mem=1G", False),
        ("dom0_mem=10%", False),
    ],
)
def test_a_fixed_dom0_by_xens_command_line(commandline: str, fixed: bool) -> None:
    assert has_fixed_dom0(commandline) is fixed


@pytest.mark.parametrize(
    ("conf", "script", "expected"),
    [
        ("autoballoon = 1\n", "exit 1", True),
        ("", "echo 'xen_commandline        : dom0_mem=1G'", False),
        ("", "echo 'xen_commandline        : loglvl=all'", True),
        ("", "echo 'nr_cpus : 2'", False),
        ("", "exit 1", False),
    ],
)
def test_whether_libxl_balloons(
    tmp_path: Path, conf: str, script: str, expected: bool
) -> None:
    path = tmp_path / "libxl.conf"
    path.write_text(conf)
    xl = program(tmp_path, "xl", script)
    assert libxl_autoballoons(path, xl=xl) is expected


def test_xens_command_line_is_asked_once_but_for_failures(tmp_path: Path) -> None:
    conf, calls = tmp_path / "libxl.conf", tmp_path / "calls"
    counted = f"echo >>{calls}; test $(wc -l <{calls}) -gt 1 || exit 1; "
    told = "echo 'xen_commandline        : loglvl=all'"
    xl = program(tmp_path, "xl", counted + told)
    found = [libxl_autoballoons(conf, xl=xl) for _ in range(4)]
    assert found == [False, True, True, True]
    assert len(calls.read_text().splitlines()) == 2
