# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""nova-xen doctor on real Xen: it sees the host, and a thing that is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from xen.conftest import CONFIG, Dom0

BROKEN = "/etc/nova-xen/broken.conf"
NOWHERE = "/nowhere/grub.bin"


def examined(dom0: Dom0, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = dom0.nova_xen("doctor", "--all", "-f", "json", *arguments)
    assert "Traceback" not in done.err
    return done.code, json.loads(done.out)


def told(rows: list[dict[str, Any]], check: str, state: str) -> list[str]:
    return [
        row["Finding"] for row in rows if (row["Check"], row["State"]) == (check, state)
    ]


@pytest.fixture
def broken(dom0: Dom0) -> Iterator[str]:
    """Options that name a boot program where there is none."""
    dom0.sh(f"printf '[xen]\\npvgrub_path = {NOWHERE}\\n' >{BROKEN}")
    yield BROKEN
    dom0.sh(f"rm -f {BROKEN}")


def test_the_host_is_seen(dom0: Dom0) -> None:
    code, rows = examined(dom0)
    problems = [row for row in rows if row["State"] == "problem"]
    assert code == int(bool(problems))
    assert not [row for row in rows if "could not be checked" in row["Finding"]]
    version = dom0.sh("xl info xen_version").strip()
    assert told(rows, "xen", "ok") == [f"Xen is {version}."]
    assert len(told(rows, "libvirt", "ok")) == 1
    # the lab boots Xen with a fixed dom0_mem, and Debian's Xen has no shadow paging
    assert len(told(rows, "dom0-memory", "ok")) == 1
    assert told(rows, "guest-types", "ok") == ["This host runs PV, HVM and PVH guests."]
    assert len(told(rows, "pv-live", "advice")) == 1
    assert "br0 (MTU" in told(rows, "bridges", "ok")[0]
    hindering = {"xl", "xen", "libvirt", "boot-files", "device-model", "programs"}
    assert [row for row in problems if row["Check"] in hindering] == []


def test_a_broken_option_is_a_problem_until_it_is_gone(dom0: Dom0, broken: str) -> None:
    both = ("--config-file", CONFIG, "--config-file", broken)
    code, rows = examined(dom0, *both)
    assert code == 1
    (sentence,) = told(rows, "boot-files", "problem")
    assert sentence == (
        f"pvgrub is not at {NOWHERE}, where the option [xen] pvgrub_path has it: PV "
        "guests cannot boot without --kernel."
    )
    _code, rows = examined(dom0, "--config-file", CONFIG)
    assert told(rows, "boot-files", "problem") == []
    assert any("pvgrub is /" in each for each in told(rows, "boot-files", "ok"))


def test_a_host_whose_libvirtd_is_down(dom0: Dom0) -> None:
    """The rest is checked without it."""
    uri = "xen+unix:///system?socket=/nowhere/libvirt-sock"
    code, rows = examined(dom0, "--connection", uri)
    assert code == 1
    assert len(told(rows, "libvirt", "problem")) == 1
    assert len(told(rows, "xen", "ok")) == 1
    assert len(told(rows, "dom0-memory", "ok")) == 1
    assert told(rows, "device-model", "problem") == []
