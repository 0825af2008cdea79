# SPDX-License-Identifier: Apache-2.0
"""Xen, libvirt and Domain-0: each finding, with and without what makes it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from nova_xen.model import GuestMode, HostFacts
from nova_xen.model.doctor import (
    Dom0Facts,
    Finding,
    GuestTypeFacts,
    LibvirtFacts,
    Reach,
    Severity,
    XenFacts,
)
from nova_xen.planning.doctor import dom0, guests, libvirt, xen
from nova_xen.planning.doctor.words import advice, ok, problem

BOOT = "Boot this host under Xen (apt install xen-system-amd64)"
HOST = HostFacts(
    hostname="xen1",
    arch="x86_64",
    xen_version=4_017_000,
    libvirt_version=9_000_000,
    modes={},
    cpus=4,
    memory_mib=8192,
    free_memory_mib=4096,
)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (XenFacts(info={"xen_version": "4.17.7"}), ok("xl", "Xen answers xl.")),
        (
            XenFacts(why="xl is not there"),
            problem(
                "xl",
                "Xen cannot be asked by xl: xl is not there.",
                f"{BOOT}, and run this as root.",
            ),
        ),
        (
            XenFacts(info={"what": "nonsense"}),
            problem(
                "xl",
                "'xl info' names no version of Xen, so that nothing it tells is known.",
                f"{BOOT}, and see what 'xl info' prints.",
            ),
        ),
    ],
)
def test_xens_tools(facts: XenFacts, found: Finding) -> None:
    assert list(xen.tools(facts)) == [found]


def older(told: str) -> Finding:
    return problem(
        "xen",
        f"Xen is {told}, older than 4.5.1.",
        "Install Xen 4.5.1 or newer (apt install xen-system-amd64) and boot it.",
    )


@pytest.mark.parametrize(
    ("told", "by_libvirt", "found"),
    [
        ("4.17.7", 4_017_000, ok("xen", "Xen is 4.17.7.")),
        ("4.20-unstable", None, ok("xen", "Xen is 4.20-unstable.")),
        ("4.5.1", None, ok("xen", "Xen is 4.5.1.")),
        ("4.5.0", 4_005_000, older("4.5.0")),
        ("4.4.4", None, older("4.4.4")),
        ("3.4.9", None, older("3.4.9")),
        # libvirt leaves out the patch level: 4.5.1 may be meant
        (None, 4_005_000, ok("xen", "Xen is 4.5.")),
        (None, 4_004_000, older("4.4")),
        ("garbage", 4_017_000, ok("xen", "Xen is 4.17.")),
        (
            None,
            None,
            problem(
                "xen",
                "Neither xl nor libvirt tells of Xen, so this host seems not to run "
                "it.",
                f"{BOOT}.",
            ),
        ),
    ],
)
def test_xens_version(told: str | None, by_libvirt: int | None, found: Finding) -> None:
    info = None if told is None else {"xen_version": told}
    facts = XenFacts(info=info, why="no xl", libvirt_tells=by_libvirt)
    assert list(xen.version(facts)) == [found]


def reached(how: Reach) -> LibvirtFacts:
    return LibvirtFacts(uri="xen:///system", uid=0, reach=how, why="it is so")


def with_libvirt(version: int) -> LibvirtFacts:
    host = dataclasses.replace(HOST, libvirt_version=version)
    return LibvirtFacts(uri="xen:///system", uid=0, host=host)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (with_libvirt(9_000_000), ok("libvirt", "libvirt at xen:///system is 9.0.0.")),
        (with_libvirt(1_003_002), ok("libvirt", "libvirt at xen:///system is 1.3.2.")),
        *(
            (
                with_libvirt(number),
                advice(
                    "libvirt",
                    f"libvirt at xen:///system is {told}; for migrations 1.3.2 or "
                    "newer is advised.",
                    "Install libvirt 1.3.2 or newer.",
                ),
            )
            for number, told in ((1_003_001, "1.3.1"), (1_002_015, "1.2.15"))
        ),
        (
            with_libvirt(1_002_014),
            problem(
                "libvirt",
                "libvirt at xen:///system is 1.2.14, older than 1.2.15.",
                "Install libvirt 1.3.2 or newer.",
            ),
        ),
        (
            reached(Reach.NO_XEN),
            problem(
                "libvirt",
                "libvirt at xen:///system has no working Xen driver: it is so.",
                f"{BOOT} and install libvirt-daemon-driver-xen.",
            ),
        ),
        (
            reached(Reach.NOT_PERMITTED),
            problem(
                "libvirt",
                "libvirt at xen:///system refuses this user: it is so.",
                "Run this as root or join the group libvirt.",
            ),
        ),
        (
            reached(Reach.UNAVAILABLE),
            problem(
                "libvirt",
                "libvirt at xen:///system cannot be reached: it is so.",
                "See that libvirtd runs (systemctl status libvirtd), and that the "
                "option [libvirt] connection_uri names it.",
            ),
        ),
        (
            reached(Reach.FAILED),
            problem(
                "libvirt",
                "libvirt at xen:///system does not tell what this host is: it is so.",
                "Read its log (journalctl -u libvirtd) and restart it (systemctl "
                "restart libvirtd); guests go on meanwhile.",
            ),
        ),
    ],
)
def test_libvirt(facts: LibvirtFacts, found: Finding) -> None:
    assert list(libvirt.reached(facts)) == [found]


def test_another_hosts_libvirt() -> None:
    uri = "xen+ssh://root@xen2/system"
    facts = LibvirtFacts(uri=uri, uid=0, host=HOST)
    assert list(libvirt.reached(facts)) == [
        ok("libvirt", f"libvirt at {uri} is 9.0.0."),
        advice(
            "libvirt",
            f"libvirt at {uri} is asked over the network, and all other checks look at "
            "this host.",
            "Run this on the host that is to be checked.",
        ),
    ]
    local = dataclasses.replace(facts, uri="xen+unix:///system?socket=/run/x")
    assert len(list(libvirt.reached(local))) == 1


def test_who_asks() -> None:
    root = LibvirtFacts(uri="xen:///system", uid=0)
    assert list(libvirt.user(root)) == [ok("user", "This is run as root.")]
    (other,) = libvirt.user(dataclasses.replace(root, uid=1000))
    assert other == advice(
        "user",
        "This is run by the user 1000, who may see less than root does, and may make "
        "and migrate no servers.",
        "Run it as root.",
    )


ON_XEN = (
    "on Xen's command line (GRUB_CMDLINE_XEN in /etc/default/grub, then update-grub) "
    "and boot again."
)
SIZE = f"Put a size for Domain-0, as in dom0_mem=2048M,max:2048M, {ON_XEN}"
FIXED = Dom0Facts(
    xl_conf="/etc/xen/xl.conf",
    libxl_conf="/etc/libvirt/libxl.conf",
    commandline="loglvl=all dom0_mem=1280M,max:1280M",
    fixed=True,
    memory_mib=1200,
    host_mib=4096,
    cpus=1,
    host_cpus=2,
)
LOOSE = dataclasses.replace(FIXED, commandline="loglvl=all", fixed=False)


def dom0_of(facts: Dom0Facts, **changes: Any) -> Dom0Facts:
    return dataclasses.replace(facts, **changes)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (FIXED, ok("dom0-memory", "Domain-0 has 1200 MiB, fixed.")),
        (
            dom0_of(FIXED, memory_mib=None),
            ok("dom0-memory", "Domain-0 has an unknown memory, fixed."),
        ),
        (
            dom0_of(FIXED, commandline="dom0_mem=max:2G"),
            ok("dom0-memory", "Domain-0 has 1200 MiB, fixed."),
        ),
        (
            dom0_of(FIXED, commandline=None, fixed=False),
            advice(
                "dom0-memory",
                "Whether Domain-0's memory is fixed is not known, since Xen's command "
                "line is not.",
                "See to the check xl first.",
            ),
        ),
        (
            dom0_of(FIXED, commandline="dom0_mem=1280M"),
            advice(
                "dom0-memory",
                "Xen was booted with dom0_mem=1280M and no max, so Domain-0 keeps room "
                "to grow to all memory of the host.",
                "Put the same size behind max:, as in dom0_mem=2048M,max:2048M, "
                + ON_XEN,
            ),
        ),
        (
            dom0_of(FIXED, memory_mib=1024),
            ok("dom0-memory", "Domain-0 has 1024 MiB, fixed."),
        ),
        (
            dom0_of(FIXED, memory_mib=700),
            advice(
                "dom0-memory",
                "Domain-0 has 700 MiB of memory; 1024 MiB or more is advised, since "
                "QEMU and libvirt run in it.",
                f"Raise dom0_mem, as in dom0_mem=2048M,max:2048M, {ON_XEN}",
            ),
        ),
        (
            LOOSE,
            advice(
                "dom0-memory",
                "Xen was booted without a fixed dom0_mem; Domain-0 has 1200 MiB of the "
                "host's 4096 MiB, which changes with the guests that are started.",
                SIZE,
            ),
        ),
        (
            dom0_of(LOOSE, memory_mib=4000),
            advice(
                "dom0-memory",
                "Xen was booted without a fixed dom0_mem; Domain-0 has 4000 MiB of the "
                "host's 4096 MiB, which changes with the guests that are started.",
                SIZE,
            ),
        ),
        (
            dom0_of(LOOSE, memory_mib=4000, in_libvirt=False),
            problem(
                "dom0-memory",
                "Xen was booted without a fixed dom0_mem, Domain-0 has 4000 MiB of the "
                "host's 4096 MiB and autoballoon is off, so guests find no memory.",
                SIZE,
            ),
        ),
        (
            dom0_of(LOOSE, memory_mib=800, host_mib=1000, in_libvirt=False),
            advice(
                "dom0-memory",
                "Xen was booted without a fixed dom0_mem; Domain-0 has 800 MiB of the "
                "host's 1000 MiB, which changes with the guests that are started.",
                SIZE,
            ),
        ),
        (
            dom0_of(LOOSE, memory_mib=1200, host_mib=None, in_libvirt=False),
            advice(
                "dom0-memory",
                "Xen was booted without a fixed dom0_mem; Domain-0 has 1200 MiB, which "
                "changes with the guests that are started.",
                SIZE,
            ),
        ),
    ],
)
def test_dom0s_memory(facts: Dom0Facts, found: Finding) -> None:
    assert list(dom0.memory(facts)) == [found]


QUIET = ok("autoballoon", "Neither libvirt nor xl takes memory from Domain-0.")
BY_LIBVIRT = advice(
    "autoballoon",
    "libvirt may take memory from Domain-0 for a guest (autoballoon).",
    "Fix Domain-0's memory by dom0_mem, and say autoballoon = 0 in "
    "/etc/libvirt/libxl.conf.",
)
BY_XL = advice(
    "autoballoon",
    "xl may take memory from Domain-0 for a guest (autoballoon).",
    'Fix Domain-0\'s memory by dom0_mem, and say autoballoon="off" in '
    "/etc/xen/xl.conf.",
)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (FIXED, [QUIET]),
        (dom0_of(FIXED, in_xl="auto"), [QUIET]),
        (dom0_of(FIXED, in_xl="nonsense"), [QUIET]),
        (dom0_of(FIXED, in_xl="on"), [BY_XL]),
        (dom0_of(FIXED, in_xl="1"), [BY_XL]),
        (dom0_of(FIXED, in_libvirt=True), [BY_LIBVIRT]),
        (LOOSE, [BY_LIBVIRT, BY_XL]),
        (dom0_of(LOOSE, in_libvirt=False), [BY_XL]),
        (dom0_of(LOOSE, in_libvirt=False, in_xl="off"), [QUIET]),
        (dom0_of(LOOSE, in_libvirt=False, in_xl="0"), [QUIET]),
        (dom0_of(LOOSE, commandline=None), []),
        (dom0_of(LOOSE, commandline=None, in_libvirt=True), [BY_LIBVIRT]),
        (
            dom0_of(FIXED, unreadable=("/etc/xen/xl.conf",)),
            [
                advice(
                    "autoballoon",
                    "/etc/xen/xl.conf cannot be read, so what it says of autoballoon "
                    "is not known.",
                    "Run this as root.",
                )
            ],
        ),
    ],
)
def test_who_takes_dom0s_memory(facts: Dom0Facts, found: list[Finding]) -> None:
    assert list(dom0.autoballoon(facts)) == found


@pytest.mark.parametrize(
    ("vcpus", "host", "found"),
    [
        (1, 2, [ok("dom0-cpus", "Domain-0 has 1 vCPU, the host 2 CPUs.")]),
        (8, 8, [ok("dom0-cpus", "Domain-0 has 8 vCPUs, the host 8 CPUs.")]),
        (4, 64, [ok("dom0-cpus", "Domain-0 has 4 vCPUs, the host 64 CPUs.")]),
        *(
            (
                every,
                every,
                [
                    advice(
                        "dom0-cpus",
                        f"Domain-0 has {every} vCPUs, as many as the host has CPUs, "
                        "and competes with guests for each.",
                        "Put a number of vCPUs for Domain-0, as in dom0_max_vcpus=4, "
                        + ON_XEN,
                    )
                ],
            )
            for every in (9, 64)
        ),
        (None, 64, []),
        (64, None, []),
    ],
)
def test_dom0s_processors(
    vcpus: int | None, host: int | None, found: list[Finding]
) -> None:
    assert list(dom0.cpus(dom0_of(FIXED, cpus=vcpus, host_cpus=host))) == found


PV, HVM, PVH = GuestMode.PV, GuestMode.HVM, GuestMode.PVH
ALL = frozenset(GuestMode)
CAPS = ("pv", "hvm", "hap")


@pytest.mark.parametrize(
    ("modes", "caps", "found"),
    [
        (ALL, CAPS, [ok("guest-types", "This host runs PV, HVM and PVH guests.")]),
        (
            frozenset({PV}),
            ("pv",),
            [
                ok("guest-types", "This host runs PV guests."),
                *(
                    advice(
                        "guest-types",
                        f"{mode} guests cannot run here: Xen has no hardware "
                        "virtualisation (virt_caps of 'xl info': pv).",
                        "Switch on VT-x or AMD-V in the firmware of the host, or use "
                        "images with vm_mode=xen.",
                    )
                    for mode in ("HVM", "PVH")
                ),
            ],
        ),
        (
            frozenset({PV, HVM}),
            ("pv", "hvm"),
            [
                ok("guest-types", "This host runs PV and HVM guests."),
                advice(
                    "guest-types",
                    "PVH guests cannot run here: Xen has no hardware assisted paging, "
                    "hap (virt_caps of 'xl info': pv hvm).",
                    "Switch on EPT or NPT in the firmware of the host and leave hap=0 "
                    "off Xen's command line, or use images with vm_mode=xen.",
                ),
            ],
        ),
        (
            frozenset({PV, HVM}),
            CAPS,
            [
                ok("guest-types", "This host runs PV and HVM guests."),
                advice(
                    "guest-types",
                    "PVH guests cannot run here: libvirt does not offer them, though "
                    "Xen could (virt_caps of 'xl info': pv hvm hap).",
                    "Restart libvirtd (systemctl restart libvirtd); guests go on "
                    "meanwhile.",
                ),
            ],
        ),
        (
            frozenset({HVM, PVH}),
            None,
            [
                ok("guest-types", "This host runs HVM and PVH guests."),
                advice(
                    "guest-types",
                    "PV guests cannot run here: this Xen was built without them.",
                    "Use images with vm_mode=hvm, or a Xen that was built with PV "
                    "guests.",
                ),
            ],
        ),
        (
            frozenset(),
            None,
            [
                problem(
                    "guest-types",
                    "libvirt offers no type of 64 bit Xen guest on this host.",
                    "Install a Xen with PV guests, or switch on VT-x or AMD-V in the "
                    "firmware.",
                )
            ],
        ),
        (
            None,
            CAPS,
            [
                advice(
                    "guest-types",
                    "Which types of guest this host runs is not known, since libvirt "
                    "does not answer.",
                    "See to the check libvirt first.",
                )
            ],
        ),
    ],
)
def test_types_of_guest(
    modes: frozenset[GuestMode] | None,
    caps: tuple[str, ...] | None,
    found: list[Finding],
) -> None:
    assert list(guests.types(GuestTypeFacts(modes=modes, virt_caps=caps))) == found


@pytest.mark.parametrize(
    ("modes", "caps", "severity"),
    [
        (ALL, (*CAPS, "shadow"), Severity.OK),
        (ALL, CAPS, Severity.ADVICE),
        (frozenset({HVM}), CAPS, None),
        (ALL, None, None),
        (None, CAPS, None),
    ],
)
def test_whether_pv_guests_migrate_live(
    modes: frozenset[GuestMode] | None,
    caps: tuple[str, ...] | None,
    severity: Severity | None,
) -> None:
    found = list(guests.live_pv(GuestTypeFacts(modes=modes, virt_caps=caps)))
    assert [each.severity for each in found] == ([severity] if severity else [])


def test_why_pv_guests_do_not_migrate_live() -> None:
    (found,) = guests.live_pv(GuestTypeFacts(modes=ALL, virt_caps=CAPS))
    assert found == advice(
        "pv-live",
        "PV guests cannot migrate live: this Xen was built without shadow paging "
        "(virt_caps of 'xl info': pv hvm hap).",
        "Migrate them with --stop-and-copy, or use a Xen with shadow paging.",
    )
