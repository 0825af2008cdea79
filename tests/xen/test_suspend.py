# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""Memory on disk on real Xen: a server goes on where it was, whatever fails."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Iterator

import pytest

from xen.conftest import MODES, READY, SLOW, Dom0, boot
from xen.test_boot import QUICK, create
from xen.test_life import did, status

SAVES = "/var/lib/libvirt/libxl/save"
MEMORY_BYTES = 128 * 1024**2
#: with a dump the test took 68 s of a PV guest and 319 s of a PVH one, without 103 s
DUMPED = ("pv",) if not os.environ.get("NOVA_XEN_LAB_SLOW") else MODES
#: seconds for the next word of a guest that says one every five
PATIENCE = 300
_BEAT = re.compile(r"NOVA-XEN-GUEST beat n=(\d+)")
#: fills the file system as soon as the memory is being written to it
_FILL = """
mount -t tmpfs -o size=200m tmpfs {0}
nohup bash -c 'until [ -e {0}/{1}.save ]; do sleep 0.1; done
head -c 190M /dev/zero >{0}/filler' >/dev/null 2>&1 </dev/null &
"""
#: kills libvirtd as soon as it writes memory
_KILL = """
nova-xen server suspend {1} >/tmp/suspended 2>&1 & suspending=$!
for tenth in $(seq 600); do [ -s {0}/{1}.save ] && break; sleep 0.1; done
sleep 1
nova-xen-lab-libvirtd kill
wait $suspending
echo "ended with $?"
nova-xen-lab-libvirtd start ||:
"""


def beats(dom0: Dom0, name: str) -> list[int]:
    """The numbers the guest has printed since it booted, as far as they are kept."""
    log = dom0.nova_xen("server", "console", "log", name).out
    return [int(number) for number in _BEAT.findall(log)]


def beat(dom0: Dom0, name: str, after: int) -> int:
    """Wait until the guest has said a number above ``after``; gives the last."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        said = beats(dom0, name)
        if said and said[-1] > after:
            return said[-1]
        time.sleep(1)
    raise AssertionError(f"{name} says nothing after {after}: {beats(dom0, name)}")


def check_never_rebooted(dom0: Dom0, name: str) -> None:
    """It has counted on and never said twice that it is ready."""
    said = beats(dom0, name)
    assert said == sorted(set(said))
    log = dom0.nova_xen("server", "console", "log", name).out
    assert log.count(READY) <= 1


def check_went_on(dom0: Dom0, name: str, before: int) -> None:
    """The log that began anew with its QEMU tells no boot, and counts on."""
    log = dom0.nova_xen("server", "console", "log", name).out
    assert log.count(READY) == 0
    said = [int(number) for number in _BEAT.findall(log)]
    assert said[0] > before
    assert said == sorted(set(said))


def saved(dom0: Dom0, name: str) -> list[str]:
    """What lies in libvirt's folder of the server."""
    return dom0.sh(f"cd {SAVES} && ls | grep -F {shlex.quote(name)} ||:").split()


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=SLOW if mode == "hvm" else ()) for mode in MODES]
)
def test_dumped_suspended_and_resumed(dom0: Dom0, server: str, mode: str) -> None:
    create(dom0, server, "qcow2", *QUICK[mode])
    first = beat(dom0, server, 0)
    if mode in DUMPED:
        dumped(dom0, server)
    before = beat(dom0, server, first)
    did(dom0, "suspend", server)
    assert status(dom0, server) == ("SUSPENDED", None)
    assert saved(dom0, server) == [f"{server}.save"]
    assert dom0.run("xl", "domid", server).code != 0
    did(dom0, "resume", server)
    assert status(dom0, server)[0] == "ACTIVE"
    assert saved(dom0, server) == []
    beat(dom0, server, before)
    if mode == "hvm":
        check_went_on(dom0, server, before)
    else:
        check_never_rebooted(dom0, server)


def dumped(dom0: Dom0, server: str) -> None:
    """Dump it, and see that the file is whole and for root alone."""
    core = dom0.told("server", "dump", "create", server)
    assert core["size"] >= MEMORY_BYTES
    told = dom0.sh(f"stat -c '%a %s' {core['file']}; head -c 4 {core['file']}")
    assert told == f"600 {core['size']}\n\x7fELF"
    dom0.sh(f"rm {core['file']}")


def test_a_restore_that_fails_loses_nothing(dom0: Dom0, server: str) -> None:
    create(dom0, server, "qcow2", *boot("pvh"))
    before = beat(dom0, server, 0)
    did(dom0, "suspend", server)
    # a cut memory has a good header: libvirt removes it before Xen finds out
    dom0.sh(
        f"cd {SAVES} && cp --sparse=always {server}.save /srv/whole && "
        f"truncate -s 8M {server}.save"
    )
    for command in ("resume", "start"):
        failed = dom0.nova_xen("server", command, server)
        assert failed.code == 1
        assert "failed to restore domain" in failed.err
        assert "saved memory is there as before" in failed.err
        assert status(dom0, server) == ("SUSPENDED", None)
        assert saved(dom0, server) == [f"{server}.save"]
    dom0.sh(f"mv /srv/whole {SAVES}/{server}.save")
    did(dom0, "start", server)
    beat(dom0, server, before)
    check_never_rebooted(dom0, server)
    assert saved(dom0, server) == []


@pytest.fixture
def small(dom0: Dom0, server: str) -> Iterator[None]:
    """libvirt's folder on a file system that is full once memory is written to it."""
    dom0.sh(_FILL.format(SAVES, server))
    yield
    dom0.sh(f"umount -l {SAVES}")


@SLOW
def test_a_full_disk_lets_the_server_run_on(
    dom0: Dom0, server: str, request: pytest.FixtureRequest
) -> None:
    create(dom0, server, "qcow2", *boot("pvh"))
    before = beat(dom0, server, 0)
    request.getfixturevalue("small")
    failed = dom0.nova_xen("server", "suspend", server)
    assert failed.code == 1
    assert "It runs on." in failed.err
    assert status(dom0, server)[0] == "ACTIVE"
    assert saved(dom0, server) == []
    beat(dom0, server, before)
    check_never_rebooted(dom0, server)
    refused = dom0.nova_xen("server", "suspend", server)
    assert refused.code == 1
    assert f"and {SAVES} has " in refused.err


@SLOW
def test_a_libvirtd_that_dies_while_it_saves(dom0: Dom0, server: str) -> None:
    create(dom0, server, "qcow2", *boot("pvh"))
    before = beat(dom0, server, 0)
    assert "ended with 1" in dom0.sh(_KILL.format(SAVES, server))
    assert status(dom0, server)[0] == "PAUSED"
    did(dom0, "resume", server)
    assert status(dom0, server)[0] == "ACTIVE"
    assert saved(dom0, server) == []
    beat(dom0, server, before)
    check_never_rebooted(dom0, server)


@SLOW
def test_a_dump_that_ends_the_server(dom0: Dom0, server: str) -> None:
    create(dom0, server, "qcow2", *boot("pv"))
    core = dom0.told("server", "dump", "create", server, "--crash")
    assert core["size"] >= MEMORY_BYTES
    assert status(dom0, server) == ("ERROR", None)
    did(dom0, "start", server)
    assert status(dom0, server)[0] == "ACTIVE"
