# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""Migrations that are ended early, or lose their process, leave one running guest."""

from __future__ import annotations

from typing import Any

import pytest

from xen.conftest import SLOW
from xen.migration.conftest import Pair
from xen.migration.ticks import goes_on

MIB = 1024**2


def attempt(pair: Pair, name: str, **ask: Any) -> dict[str, Any]:
    """A migration from the first host to the second that does not go well."""
    source, target = pair.hosts
    return pair.ask(source, server=name, host=target.name, **ask)


@pytest.mark.parametrize(
    ("mode", "kind", "state"),
    [
        ("pvh", "live", "copying"),
        pytest.param("pv", "stop-and-copy", "stopped", marks=SLOW),
    ],
)
def test_abort(clean: Pair, mode: str, kind: str, state: str) -> None:
    """The connection is closed; the guest goes on here, resumed where it must be."""
    source, name = clean.hosts[0], clean.create(f"abort-{mode}", mode)
    told = attempt(clean, name, kind=kind, do="abort", state=state, bytes=20 * MIB)
    assert told["error"] == "MigrationAborted", told
    assert clean.homes(name) == [source.name]
    assert goes_on(source, name)
    assert clean.left_behind(name) == []
    assert clean.migrate(name, source, kind=kind)["state"] == "done"
    assert clean.homes(name) == [clean.hosts[1].name]


@SLOW
def test_force_complete(clean: Pair) -> None:
    """The guest is held back until it has arrived, and has its processors then."""
    target = clean.hosts[1]
    name = clean.create("force", "pvh", line="nova_xen.dirty")
    # a request is heeded at the next interval, and the look is at the one after
    look = f"xl sched-credit2 -d {name}"
    told = attempt(clean, name, do="force", state="copying", bytes=2 * MIB, look=look)
    assert told["record"]["state"] == "done", told
    assert cap_of(told["seen"], name) == 10
    assert clean.homes(name) == [target.name]
    assert cap_of(target.sh(look), name) == 0
    assert goes_on(target, name)
    assert clean.left_behind(name) == []


def cap_of(listed: str, name: str) -> int:
    """Percent of a processor, 0 for no limit, in what xl's scheduler shows."""
    head, *rows = [line.split() for line in listed.splitlines() if line.strip()]
    (row,) = [row for row in rows if row[0] == name]
    return int(row[head.index("Cap")])


def test_the_process_dies_in_mid_copy(clean: Pair) -> None:
    """libvirt goes on by itself; whoever recovers finds where the guest is."""
    source, name = clean.hosts[0], clean.create("dies", "pvh")
    assert attempt(clean, name, do="die", bytes=20 * MIB) == {}
    plans = clean.ask(source, recover=[name])["plans"]
    assert [plan["state"] for plan in plans] == ["done"]
    assert clean.homes(name) == [clean.hosts[1].name]
    assert clean.left_behind(name) == []
