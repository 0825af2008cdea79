# SPDX-License-Identifier: Apache-2.0
"""What the benchmark between two real hosts makes of what it heard; no lab is there."""

from __future__ import annotations

import sys
import time

import pytest
from benchmarks import live_migration
from benchmarks import on_two_xen_hosts as hosts

from nova_xen.domain import parse_domain


def test_each_part_is_told_as_a_ratio_of_the_same_round() -> None:
    taken = {
        "virsh": {
            "total": [10.0, 20.0],
            "call": [10.0, 20.0],
            "stop": [1.0, 2.0],
            "silence": [2.0, 2.0],
        },
        "driver": {
            "total": [15.0, 25.0],
            "call": [10.0, 20.0],
            "stop": [1.0, 3.0],
            "silence": [3.0, 3.0],
        },
    }
    report = live_migration.report(taken, 128)
    assert report.median("libvirt's call alone, times virsh") == 1
    assert report.median("from asking to the end, times virsh") == 1.375
    assert report.median("the guest stood still, times virsh") == 1.25
    assert report.median("nothing was heard of the guest, times virsh") == 1.5
    assert "128 MiB" in report.notes[0]


def test_an_ear_hears_numbers_alone() -> None:
    said = r"printf 'boot\nNOVA-XEN-GUEST tick n=7 x\nNOVA-XEN-GUEST tick n=8 x\n'"
    ear = hosts.Ear("sh", "-c", f"{said}; exec sleep 60")
    deadline = time.monotonic() + 30
    while len(ear.heard) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ear.close()
    assert [number for _at, number in ear.heard] == [7, 8]


def test_the_silence_is_the_longest_of_both_consoles() -> None:
    here, there = hosts.Ear("true"), hosts.Ear("true")
    for ear in (here, there):
        ear.close()
    # before the move there was a longer one
    here.heard = [(1.0, 1), (90.0, 2), (100.0, 3), (100.5, 4)]
    there.heard = [(103.0, 5), (103.5, 6)]
    assert hosts.longest_silence([here, there], since=91.0) == 10.0
    assert hosts.longest_silence([here, there], since=101.0) == 2.5


def test_the_document_is_one_that_the_guest_can_be_made_of() -> None:
    domain = parse_domain(hosts.document(live_migration.ASKED))
    assert domain.name == hosts.NAME
    assert domain.instance is not None  # no other is the driver's
    assert "nova_xen.ticks" in (domain.os.cmdline or "")


def test_a_command_that_fails_ends_the_program() -> None:
    with pytest.raises(SystemExit, match="it is so"):
        hosts.run(sys.executable, "-c", "raise SystemExit('it is so')")
