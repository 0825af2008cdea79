# SPDX-License-Identifier: Apache-2.0
"""The soak's guests, its evidence and its verdict."""

import dataclasses
import json

import pytest
from lab.soak import cycle, health
from lab.soak.guests import Guest, Kind
from lab.soak.health import Health
from lab.soak.report import Outcome, Report
from lxml import etree

WELL = Health(
    pids={"libvirtd": "10", "xenstored": "5"},
    kernel=("[1.0] hello",),
    xen=("(XEN) hello",),
    cores=(),
    wanted=0,
)


@pytest.mark.parametrize("kind", Kind)
def test_guest_documents(kind: Kind) -> None:
    root = etree.fromstring(Guest(kind, 3, "soak-1").xml())
    assert root.findtext("name") == "soak-1"
    assert root.findtext("os/type") == kind.value
    # HVM starts from a disk, the others from a kernel
    assert (root.find("os/kernel") is None) == (kind is Kind.HVM)
    assert (root.find("devices/disk") is not None) == (kind is Kind.HVM)
    assert (root.find("features") is not None) == (kind is Kind.HVM)


def test_guests_have_addresses_of_their_own() -> None:
    macs = set()
    for number in range(500):
        root = etree.fromstring(Guest(Kind.PV, number, "x").xml())
        mac = root.find("devices/interface/mac")
        assert mac is not None
        macs.add(mac.get("address"))
    assert len(macs) == 500


def test_only_pv_is_moved_without_live() -> None:
    assert [kind.name for kind in Kind if not kind.live] == ["PV"]


def test_wait_names_log_lines_and_deadline() -> None:
    command = cycle.lines_command(Guest(Kind.PV, 1, "g"), 2, 30)
    assert "/var/log/xen/console/guest-g.log" in command
    assert "-ge 2" in command
    assert "-gt 15" in command


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"kernel": (*WELL.kernel, "[2.0] br0: port 1 entered")}, []),
        (
            {"kernel": ("virsh[7]: segfault at 0 ip 1",)},
            ["kernel: virsh[7]: segfault at 0 ip 1"],
        ),
        ({"xen": ("(XEN) Domain 3 crashed",)}, ["xen: (XEN) Domain 3 crashed"]),
        ({"cores": ("/var/crash/xl",)}, ["core: /var/crash/xl"]),
        (
            {"pids": {"libvirtd": "", "xenstored": "5"}},
            ["libvirtd: pid was 10, now none"],
        ),
        ({"pids": {"libvirtd": "11", "xenstored": "5"}, "wanted": 1}, []),
    ],
)
def test_evidence_of_a_crash(changes: dict[str, object], expected: list[str]) -> None:
    after = dataclasses.replace(WELL, **changes)  # type: ignore[arg-type]
    assert list(health.compare(WELL, after).crashes) == expected


def _segfault(ip: int) -> str:
    return (
        f"xen-qemu-system[77]: segfault at 8 ip {ip:016x} sp 00007ffe error 4 in "
        "xen-qemu-system-i386[55a283a0a000+471000] likely on CPU 0"
    )


@pytest.mark.parametrize(("offset", "known"), [(0x712D0, 2), (0x712D1, 0)])
def test_only_the_instruction_that_was_looked_at_is_a_known_bug(
    offset: int, known: int
) -> None:
    core = "/var/crash/xen-qemu-system-77-signal-11"
    line = _segfault(0x55A283A0A000 + offset)
    after = dataclasses.replace(WELL, kernel=(line,), cores=(core,))
    found = health.compare(WELL, after)
    assert (len(found.known), len(found.crashes)) == (known, 2 - known)


def test_a_known_bug_hides_no_other_crash() -> None:
    line = _segfault(0x55A283A0A000 + 0x712D0)
    other = "virsh[78]: segfault at 0 ip 1"
    found = health.compare(WELL, dataclasses.replace(WELL, kernel=(line, other)))
    assert found.crashes == (f"kernel: {other}",)


def _passed(kind: Kind) -> Outcome:
    return Outcome(1, kind.name, "xen1>xen2", {"create": 3.0})


def test_a_soak_passes_when_each_kind_passed_and_nothing_crashed() -> None:
    report = Report("cpu", ["bookworm"], 60.0, [_passed(kind) for kind in Kind])
    assert report.exit_code() == 0
    assert json.loads(report.as_json())["passed"] == {"PV": 1, "PVH": 1, "HVM": 1}


@pytest.mark.parametrize(
    "bad",
    [
        Report("cpu", [], 1.0, []),
        Report("cpu", [], 1.0, [_passed(Kind.PV), _passed(Kind.PVH)]),
        Report("cpu", [], 1.0, [_passed(kind) for kind in Kind], "xen1 is gone"),
        Report(
            "cpu",
            [],
            1.0,
            [
                *(_passed(kind) for kind in Kind),
                dataclasses.replace(_passed(Kind.PV), crashes=("core: x",)),
            ],
        ),
    ],
)
def test_a_soak_fails(bad: Report) -> None:
    assert bad.exit_code() == 1


def test_line_of_a_failed_cycle_says_why() -> None:
    outcome = dataclasses.replace(_passed(Kind.HVM), failure="boot on xen1 ended")
    assert outcome.line() == (
        "cycle 1 HVM xen1>xen2: FAILED create 3s | boot on xen1 ended"
    )
