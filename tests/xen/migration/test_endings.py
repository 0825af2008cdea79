# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""Migrations that are ended early, or lose their process, leave one running guest."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from xen.conftest import Dom0
from xen.migration.conftest import Pair, create

MIB = 1024**2
#: seconds that a guest has for its next words on an emulated host
PATIENCE = 120
_TICK = re.compile(r"tick n=(\d+)")


def last_tick(host: Dom0, name: str) -> int:
    """The newest number that the guest printed on this host."""
    text = host.sh(f"tail -n 50 /var/log/xen/console/guest-{name}.log")
    return max(map(int, _TICK.findall(text)), default=0)


def goes_on(host: Dom0, name: str) -> bool:
    """Whether it prints another number."""
    before, end = last_tick(host, name), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if last_tick(host, name) > before:
            return True
        time.sleep(2)
    return False


def attempt(pair: Pair, name: str, **ask: Any) -> dict[str, Any]:
    """A migration from the first host to the second that does not go well."""
    source, target = pair.hosts
    return pair.pilot(source).ask(server=name, host=target.name, **ask)


@pytest.mark.parametrize(
    ("mode", "kind", "state"),
    [("pvh", "live", "copying"), ("pv", "stop-and-copy", "stopped")],
)
def test_abort(clean: Pair, mode: str, kind: str, state: str) -> None:
    """The connection is closed; the guest goes on here, resumed where it must be."""
    source, name = clean.hosts[0], f"t-abort-{mode}"
    create(source, name, mode)
    told = attempt(clean, name, kind=kind, do="abort", state=state, bytes=20 * MIB)
    assert told["error"] == "MigrationAborted", told
    assert clean.homes(name) == [source.name]
    assert goes_on(source, name)
    assert clean.left_behind(name) == []
    assert clean.migrate(name, source, kind=kind)["state"] == "done"
    assert clean.homes(name) == [clean.hosts[1].name]


def test_the_process_dies_in_mid_copy(clean: Pair) -> None:
    """libvirt goes on by itself; whoever recovers finds where the guest is."""
    source, name = clean.hosts[0], "t-dies"
    create(source, name, "pvh")
    assert attempt(clean, name, do="die", bytes=20 * MIB) == {}
    plans = clean.pilot(source).ask(recover=True)["plans"]
    assert [plan["state"] for plan in plans] == ["done"]
    assert clean.homes(name) == [clean.hosts[1].name]
    assert clean.left_behind(name) == []
