# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 and xen2 up
"""Guests that count go there and back under load; no number is lost or told twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from xen.migration import ticks
from xen.migration.conftest import MEMORY_MIB, Pair

WAYS = {"pvh": "live", "hvm": "live", "pv": "stop-and-copy"}
#: a round trip takes one to three minutes on hosts that are emulated
ROUNDS = int(os.environ.get("NOVA_XEN_LAB_ROUNDS") or 1)
#: room for each further migration: a guest with a disk and a network interface has
#: about 1 MiB less after each, and with 96 MiB the kernel ended its programs after 19
LOST_MIB = 4
#: seconds by which a host's dom0, which is busy too, may be late with word of a stop
SLACK = 2.0


@pytest.fixture
def stamped(clean: Pair) -> Iterator[Pair]:
    yield clean
    for host in clean.hosts:
        ticks.stop(host, clean.prefix)


def offsets(pair: Pair) -> list[float]:
    """How far the clock of each host is from this machine's, in seconds."""
    return [ticks.offset_of(host) for host in pair.hosts]


def rounded(numbers: Iterable[float]) -> list[float]:
    """To a tenth, for people."""
    return [round(number, 1) for number in numbers]


def round_trips(pair: Pair, name: str, kind: str) -> list[dict[str, Any]]:
    """Each migration's record."""
    done: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        for here in pair.hosts:
            done.append(pair.migrate(name, here, kind=kind))
            assert pair.homes(name) == [pair.other(here).name]
    return done


@pytest.mark.parametrize("mode", WAYS)
def test_there_and_back_under_load(
    stamped: Pair, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # an HVM kernel unpacks itself within it
    ram = (128 if mode == "hvm" else MEMORY_MIB) + LOST_MIB * 2 * max(0, ROUNDS - 3)
    name = stamped.create(f"ticks-{mode}", mode, line="nova_xen.dirty", ram=ram)
    before = offsets(stamped)
    for host in stamped.hosts:
        ticks.stamp(host, name, stamped.prefix)
    moves = round_trips(stamped, name, WAYS[mode])
    with capsys.disabled():
        print(f"\n{mode}: {len(moves)} migrations")
    clocks = [sum(pair) / 2 for pair in zip(before, offsets(stamped), strict=True)]
    seen = [
        tick
        for host, offset in zip(stamped.hosts, clocks, strict=True)
        for tick in ticks.read(host, stamped.prefix, offset)
    ]
    assert ticks.missing(seen) == []
    assert ticks.repeated(seen) == []
    stopped, told = ticks.stops(seen), [record["downtime"] for record in moves]
    with capsys.disabled():
        print(f"stood still {rounded(stopped)} s, told were {rounded(told)} s")
    assert [record["state"] for record in moves] == ["done"] * len(moves)
    assert min(told) > 0
    assert stopped == [pytest.approx(each, abs=SLACK) for each in told]
    assert stamped.left_behind(name) == []
