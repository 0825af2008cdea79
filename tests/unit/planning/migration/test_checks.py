# SPDX-License-Identifier: Apache-2.0
"""Each refusal and each warning, by its exact words; and what is let through."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.model import (
    CpuComparison,
    DiskFormat,
    GuestMode,
    MigrationKind,
    MigrationOptions,
    MovingDisk,
)
from nova_xen.planning.migration import checks
from nova_xen.planning.migration.case import Case
from unit.planning.migration.cases import (
    BASE_PROOF,
    BASES,
    FOLDER,
    GUEST,
    HERE,
    OTHER,
    PROOF,
    REQUEST,
    THERE,
    TOKENS,
    UUID,
)

Changes = dict[str, Any]
NO_SHADOW = ("pv", "hvm", "hap")
BLOCK = MovingDisk(
    target="xvdb", format=DiskFormat.RAW, files=("/dev/vg/web1",), block=True
)
VHD = MovingDisk(target="xvdb", format=DiskFormat.VHD, files=(f"{FOLDER}/disk.eph0",))


def row(
    *clauses: str,
    guest: Changes | None = None,
    here: Changes | None = None,
    there: Changes | None = None,
    request: Changes | None = None,
    options: Changes | None = None,
) -> Any:
    """What is different from a migration that can be, and the clauses it meets."""
    case = (
        dataclasses.replace(GUEST, **(guest or {})),
        dataclasses.replace(HERE, **(here or {})),
        dataclasses.replace(THERE, **(there or {})),
        dataclasses.replace(REQUEST, **(request or {})),
        MigrationOptions(**(options or {})),
    )
    changed = {"guest": guest, "here": here, "there": there, "request": request}
    name = "-".join(str(key) for each in changed.values() for key in each or ())
    return pytest.param(case, clauses, id=name or "as-it-is")


REFUSED = [
    row(
        "it does not run, and a guest must run to answer Xen's request to suspend "
        "(start it, or resume it if it is paused)",
        guest={"running": False},
    ),
    row("it runs on xen1 already", there={"hostname": "xen1", "free_memory_mib": 0}),
    row(
        "Xen is 4.17 on xen2 and 4.20 here, and an older Xen cannot take over what a "
        "newer one sends (choose a host with Xen 4.20 or newer)",
        here={"xen_version": 4_020_000},
    ),
    row(
        "the processor of xen2 lacks features of this host's, which the guest may be "
        "using",
        there={"cpu": CpuComparison.INCOMPATIBLE},
    ),
    row(
        "the processor of xen2 lacks features of this host's, which the guest may be "
        "using",
        guest={"mode": GuestMode.PV},
        there={"cpu": CpuComparison.INCOMPATIBLE},
    ),
    row(
        "it needs 1036 MiB (1024 MiB and Xen's own share) and Xen has 1035 MiB free on "
        "xen2",
        there={"free_memory_mib": 1035},
    ),
    row(
        f"{FOLDER} is not the same on xen2: what was written here is not there (mount "
        "the same storage on both hosts)",
        there={"proofs": {PROOF: None, BASE_PROOF: "other"}},
    ),
    row(
        f"{BASES} is not the same on xen2: what was written here is not there (mount "
        "the same storage on both hosts)",
        there={"proofs": {PROOF: "token"}},
    ),
    row(
        f"{FOLDER} is not the same on xen2: it has other content there (mount the same "
        "storage on both hosts)",
        there={"proofs": {PROOF: "a stranger's", BASE_PROOF: "other"}},
    ),
    row(
        f"nothing can prove that {FOLDER} is shared, it cannot be read here",
        here={"proofs": {PROOF: None, BASE_PROOF: "other"}},
    ),
    row(
        f"nothing proves that {BASES} is the same on xen2",
        here={"proofs": {PROOF: "token"}},
    ),
    row("xen2 does not have /srv/a, /srv/b", there={"missing": ("/srv/a", "/srv/b")}),
    row(
        "xen2 does not have a, b, c, d, e, 2 more", there={"missing": tuple("abcdefg")}
    ),
    row(
        "xen2 has no bridge br7, br8 (its bridges: br0, br1)",
        guest={"bridges": ("br7", "br0", "br8")},
    ),
    row("xen2 has no bridge br0 (its bridges: none)", there={"bridges": ()}),
    row(
        "xen2 knows a server of this name and UUID already (run 'nova-xen migration "
        "recover web1')",
        there={"domains": {"web1": UUID.upper()}},
    ),
    row(
        f"xen2 has another server of this name (UUID {OTHER})",
        there={"domains": {"web1": OTHER}},
    ),
    row(
        f"xen2 has a server old with its UUID {UUID}",
        there={"domains": {"old": UUID}},
    ),
    row(
        f"xen2 has another server of this name (UUID {OTHER})",
        f"xen2 has a server old with its UUID {UUID}",
        there={"domains": {"web1": OTHER, "old": UUID}},
    ),
    row(
        "it has devices of this host (0000:03:00.0), which cannot go along (detach "
        "them)",
        guest={"passthrough": ("0000:03:00.0",)},
    ),
    row(
        "its disk xvdb is vhd, which QEMU on xen2 was built without",
        guest={"disks": (*GUEST.disks, VHD)},
        there={"unserved_formats": (DiskFormat.VHD,)},
    ),
    row(
        "it has 2 vCPUs and a pvh guest can have 1 on xen2",
        there={"max_vcpus": {GuestMode.PVH: 1}},
    ),
    row(
        "it is a pvh guest and xen2 offers hvm, pv",
        there={"max_vcpus": {GuestMode.PV: 512, GuestMode.HVM: 128}},
    ),
    row("it is a pvh guest and xen2 offers none", there={"max_vcpus": {}}),
    row(
        "the clocks of both hosts are 5.1 s apart, more than 5 s, and the guest's "
        "would jump by that (keep both by NTP)",
        there={"clock": HERE.clock - 5.1},
    ),
    row(
        "2 servers arrive on xen2 now and max_concurrent_live_migrations is 2",
        there={"incoming": 2},
        options={"max_concurrent": 2},
    ),
    row(
        "a PV guest migrates live with shadow paging only and this host's Xen is built "
        "without (virt_caps in 'xl info': pv, hvm, hap), so use --stop-and-copy, for "
        "which the guest stands still while its memory is copied",
        guest={"mode": GuestMode.PV},
        here={"virt_caps": NO_SHADOW},
    ),
    row(
        "libvirt cannot send memory to an IPv6 address (fd00::2), so name the host by "
        "a name that has it, or use --tunnelled",
        there={"address": "fd00::2"},
    ),
    row(
        "libvirt cannot send memory to an IPv6 address (fd00::3), so name the host by "
        "a name that has it, or use --tunnelled",
        there={"address": ""},
        request={"destination": "[fd00::3]", "tunnelled": False},
        options={"tunnelled": True},
    ),
    row(
        "it does not run, and a guest must run to answer Xen's request to suspend "
        "(start it, or resume it if it is paused)",
        "it has 2 vCPUs and a pvh guest can have 1 on xen2",
        "xen2 does not have /srv/a",
        "xen2 has no bridge br0 (its bridges: none)",
        guest={"running": False},
        there={"max_vcpus": {GuestMode.PVH: 1}, "bridges": (), "missing": ("/srv/a",)},
    ),
]

TAKEN = [
    row(),
    row(there={"xen_version": 4_020_000}),
    row(there={"xen_version": 5_000_000}, here={"xen_version": 4_020_000}),
    row(here={"xen_version": 4_017_005}, there={"xen_version": 4_017_000}),
    row(there={"cpu": CpuComparison.SUPERSET}),
    row(there={"cpu": CpuComparison.ERROR}),
    row(there={"free_memory_mib": 1036}),
    row(there={"free_memory_mib": 0, "autoballoon": True}),
    row(guest={"disks": ()}, here={"proofs": {}}, there={"proofs": {}}),
    row(guest={"disks": (BLOCK,)}, here={"proofs": {}}),
    row(guest={"bridges": ()}, there={"bridges": ()}),
    row(there={"unserved_formats": (DiskFormat.VHD,)}),
    row(there={"max_vcpus": {GuestMode.PVH: 2}}),
    row(there={"clock": HERE.clock + 5.0}),
    row(there={"clock": HERE.clock - 5.0}),
    row(there={"incoming": 1}, options={"max_concurrent": 2}),
    row(there={"incoming": 99}, options={"max_concurrent": 0}),
    row(guest={"mode": GuestMode.PV}),
    row(guest={"mode": GuestMode.PV}, there={"virt_caps": NO_SHADOW}),
    row(
        guest={"mode": GuestMode.PV},
        here={"virt_caps": NO_SHADOW},
        request={"kind": MigrationKind.STOP_AND_COPY},
    ),
    row(here={"virt_caps": NO_SHADOW}),
    row(guest={"mode": GuestMode.HVM}, here={"virt_caps": NO_SHADOW}),
    row(there={"address": "192.0.2.7"}),
    row(there={"address": "fd00::2"}, request={"tunnelled": True}),
    row(there={"address": "fd00::2"}, options={"tunnelled": True}),
]

WARNED = [
    row(),
    row(
        "the connection to xen2 is not encrypted and asks nobody who he is: whoever "
        "reaches that port rules all guests of that host, choose "
        "live_migration_scheme tls or ssh",
        options={"scheme": "xen+tcp"},
    ),
    row(
        "the connection to xen2 is not encrypted and asks nobody who he is: whoever "
        "reaches that port rules all guests of that host, choose "
        "live_migration_scheme tls or ssh",
        options={"uri": "xen+tcp://%s:1/system"},
    ),
    row(options={"uri": "xen+ssh://%s/system", "scheme": "xen+tcp"}),
    row(
        "nobody can say whether the processor of xen2 has all features of this host's, "
        "and a guest that uses a missing one fails there",
        there={"cpu": CpuComparison.ERROR},
    ),
    row(
        "the processor of xen2 has more features than this host's, and once programs "
        "of a PV guest use them it cannot come back",
        guest={"mode": GuestMode.PV},
        there={"cpu": CpuComparison.SUPERSET},
    ),
    row(there={"cpu": CpuComparison.SUPERSET}),
    row(
        "Domain-0 of xen2 has to give up 36 MiB",
        there={"free_memory_mib": 1000, "autoballoon": True},
    ),
    row(
        "nothing proves that /dev/vg/web1 (disk xvdb) is the same device on xen2, and "
        "if it is not the guest's file systems are lost",
        guest={"disks": (*GUEST.disks, BLOCK)},
    ),
    row("the clocks of both hosts are 1.5 s apart", there={"clock": HERE.clock + 1.5}),
    row(there={"clock": HERE.clock + 1.0}),
    row(
        "Xen on xen2 is built without shadow paging, so this PV guest cannot come back "
        "live",
        guest={"mode": GuestMode.PV},
        there={"virt_caps": NO_SHADOW},
    ),
    row(there={"virt_caps": NO_SHADOW}),
    row(
        "libvirt on xen1 is 1.3.1, 1.3.2 or newer is advised",
        here={"libvirt_version": 1_003_001},
    ),
    row(
        "libvirt on xen2 is 1.2.21, 1.3.2 or newer is advised",
        there={"libvirt_version": 1_002_021},
    ),
]


@pytest.mark.parametrize(("case", "clauses"), REFUSED)
def test_refusals(case: Any, clauses: tuple[str, ...]) -> None:
    assert checks.refusals(*case) == clauses


@pytest.mark.parametrize(("case", "clauses"), TAKEN)
def test_what_is_let_through(case: Any, clauses: tuple[str, ...]) -> None:
    assert checks.refusals(*case) == clauses == ()


@pytest.mark.parametrize(("case", "clauses"), WARNED)
def test_warnings(case: Any, clauses: tuple[str, ...]) -> None:
    assert checks.warnings(*case) == clauses
    assert checks.refusals(*case) == ()


def test_every_check_is_met_by_a_row() -> None:
    """The tables here and there have grown together."""
    met = {clause for each in REFUSED for clause in each.values[1]}
    cases = [each.values[0] for each in REFUSED]
    for check in checks.REFUSALS:
        told = {
            clause
            for guest, here, there, request, options in cases
            for clause in check(
                Case(
                    guest=guest,
                    here=here,
                    there=there,
                    request=request,
                    options=options,
                    proofs=here.proofs,
                )
            )
        }
        assert told & met, check


def test_proofs_given_apart_from_the_host() -> None:
    """The source writes them after it was asked what it is."""
    here = dataclasses.replace(HERE, proofs={})
    options = MigrationOptions()
    assert checks.refusals(GUEST, here, THERE, REQUEST, options, proofs=TOKENS) == ()
    assert checks.refusals(GUEST, here, THERE, REQUEST, options) != ()


@given(st.integers(0, 4096), st.integers(1, 128), st.sampled_from(GuestMode))
def test_memory_is_enough_or_it_is_told(free: int, vcpus: int, mode: GuestMode) -> None:
    """More memory never turns a migration that can be into one that cannot."""
    guest = dataclasses.replace(GUEST, vcpus=vcpus, mode=mode)

    def refused(mib: int) -> bool:
        there = dataclasses.replace(THERE, free_memory_mib=mib)
        found = checks.refusals(guest, HERE, there, REQUEST, MigrationOptions())
        return found != ()

    assert refused(free) or not refused(free + 1)
    assert refused(guest.memory_mib)
    assert not refused(2 * guest.memory_mib + vcpus)


@pytest.mark.parametrize(
    "clauses", [each.values[1] for each in [*REFUSED, *WARNED] if each.values[1]]
)
def test_clauses_stand_in_a_sentence(clauses: tuple[str, ...]) -> None:
    """They are joined by semicolons and end with the sentence's own stop."""
    for clause in clauses:
        assert ";" not in clause
        assert not clause.endswith((".", " "))
        assert clause.isprintable()
