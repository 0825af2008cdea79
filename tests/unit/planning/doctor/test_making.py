# SPDX-License-Identifier: Apache-2.0
"""What servers are made with: each finding, with and without what makes it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from nova_xen.model import MIB, BootFiles, BridgeFacts, DiskFormat, GuestMode
from nova_xen.model.doctor import (
    ApplianceFacts,
    BootFileFacts,
    ConsoleFacts,
    DeviceModelFacts,
    Finding,
    GuestfsModule,
    KernelFacts,
    NetworkFacts,
    ProgramFacts,
    ScriptFacts,
)
from nova_xen.planning.doctor import boot, console, injection, network, programs
from nova_xen.planning.doctor.words import advice, ok, problem

NAMES = ("hvmloader", "ovmf", "pvgrub", "pvhgrub", "pygrub")
ALL_THERE = BootFileFacts(
    files=BootFiles(**{name: f"/x/{name}" for name in NAMES}),
    looked={name: (f"/x/{name}", f"/y/{name}") for name in NAMES},
)


def boot_facts(missing: str = "", **changes: Any) -> BootFileFacts:
    files = dataclasses.replace(ALL_THERE.files, **({missing: None} if missing else {}))
    return dataclasses.replace(ALL_THERE, files=files, **changes)


def wrong(facts: BootFileFacts) -> list[Finding]:
    return [each for each in boot.files(facts) if each.fix]


def test_all_that_boots_guests_is_there() -> None:
    assert list(boot.files(ALL_THERE)) == [
        ok("boot-files", f"{name} is /x/{name}.") for name in NAMES[:-1]
    ]


@pytest.mark.parametrize(
    ("name", "mode", "make", "without", "package", "option"),
    [
        (
            "hvmloader",
            "hvm",
            problem,
            "HVM guests boot only by one that libxl was built with",
            "xen-system-amd64",
            "[libvirt] xen_hvmloader_path",
        ),
        (
            "ovmf",
            "hvm",
            advice,
            "HVM guests cannot boot by UEFI (hw_firmware_type=uefi)",
            "ovmf",
            "[xen] ovmf_path",
        ),
        (
            "pvgrub",
            "pv",
            problem,
            "PV guests cannot boot without --kernel",
            "grub-xen-host",
            "[xen] pvgrub_path",
        ),
        (
            "pvhgrub",
            "pvh",
            problem,
            "PVH guests cannot boot without --kernel",
            "grub-xen-host",
            "[xen] pvhgrub_path",
        ),
    ],
)
def test_one_that_is_missing(
    name: str, mode: str, make: Any, without: str, package: str, option: str
) -> None:
    missing = make(
        "boot-files",
        f"{name} is not at /x/{name} or /y/{name}: {without}.",
        f"Install it (apt install {package}), or name it in the option {option}.",
    )
    this = frozenset({GuestMode(mode)})
    assert wrong(boot_facts(name)) == [missing]
    assert wrong(boot_facts(name, modes=this)) == [missing]
    assert wrong(boot_facts(name, modes=frozenset(GuestMode) - this)) == []
    named = boot_facts(name, named=frozenset({name}), looked={name: ("/nowhere",)})
    (found,) = wrong(named)
    assert found == make(
        "boot-files",
        f"{name} is not at /nowhere, where the option {option} has it: {without}.",
        f"Correct the option {option}, or remove it and apt install {package}.",
    )


def test_only_the_chosen_boot_loader_of_pv_is_needed() -> None:
    assert wrong(boot_facts("pygrub")) == []
    assert wrong(boot_facts("pvgrub", pv_bootloader="pygrub")) == []
    (found,) = wrong(boot_facts("pygrub", pv_bootloader="pygrub"))
    assert found == problem(
        "boot-files",
        "pygrub is not at /x/pygrub or /y/pygrub: PV guests cannot boot without "
        "--kernel.",
        "Install it (apt install xen-system-amd64), or name it in the option [xen] "
        "pygrub_path.",
    )


def test_pygrub_parses_in_dom0() -> None:
    assert list(boot.pygrub(ALL_THERE)) == []
    assert list(boot.pygrub(boot_facts(pv_bootloader="pygrub"))) == [
        advice(
            "pv-bootloader",
            "PV guests boot by pygrub, which parses their disks as root in Domain-0, "
            "so that a hostile image can attack the host.",
            "Set the option [xen] pv_bootloader to pvgrub.",
        )
    ]


LOOKED = ("/a/qemu", "/b/qemu")


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (
            DeviceModelFacts(looked=LOOKED, program="/a/qemu"),
            ok("device-model", "/a/qemu serves every format of disks."),
        ),
        (
            DeviceModelFacts(looked=LOOKED),
            problem(
                "device-model",
                "There is no QEMU for Xen at /a/qemu or /b/qemu: servers with disks "
                "cannot start.",
                "Install it (apt install qemu-system-xen), or name it in the option "
                "[xen] device_model_path.",
            ),
        ),
        (
            DeviceModelFacts(looked=("/a/qemu",), option=True),
            problem(
                "device-model",
                "There is no QEMU for Xen at /a/qemu: servers with disks cannot start.",
                "Correct the option [xen] device_model_path, or remove it.",
            ),
        ),
        (
            DeviceModelFacts(
                looked=LOOKED, program="/a/qemu", lacking=(DiskFormat.VHD,)
            ),
            advice(
                "device-model",
                "/a/qemu was built without vhd: images in that format are converted, "
                "and servers with such disks cannot start.",
                "Use raw or qcow2, or install a QEMU that has vhd.",
            ),
        ),
        (
            DeviceModelFacts(
                looked=LOOKED,
                program="/a/qemu",
                unknown={DiskFormat.VHD: "it gave no answer within 60 s"},
            ),
            advice(
                "device-model",
                "Whether /a/qemu serves disks in the format vhd is not known: it gave "
                "no answer within 60 s.",
                "Run it by hand (with --version) and see why.",
            ),
        ),
    ],
)
def test_the_device_model(facts: DeviceModelFacts, found: Finding) -> None:
    assert list(programs.device_model(facts)) == [found]


@pytest.mark.parametrize(
    ("missing", "without", "package"),
    [
        ("qemu-img", "no disk of a server can be made", "qemu-utils"),
        ("prlimit", "no disk of a server can be made", "util-linux"),
        ("setpriv", "no disk of a server can be made", "util-linux"),
        ("mkfs.ext4", "servers cannot have an ephemeral disk", "e2fsprogs"),
        ("mkswap", "servers cannot have a disk for swap", "util-linux"),
        ("mkfs.vfat", "servers cannot have a config drive", "dosfstools"),
        ("mcopy", "servers cannot have a config drive", "mtools"),
    ],
)
def test_a_program_that_is_missing(missing: str, without: str, package: str) -> None:
    asked = programs.ALWAYS + programs.VFAT
    found = {each.name: f"/bin/{each.name}" for each in asked}
    assert [
        each.severity.value
        for each in programs.programs(ProgramFacts(programs=asked, found=found))
    ] == ["ok"]
    del found[missing]
    first, *rest = programs.programs(ProgramFacts(programs=asked, found=found))
    assert first == problem(
        "programs",
        f"{missing} is not on this host: {without}.",
        f"Install it (apt install {package}).",
    )
    assert [each.severity.value for each in rest] == ["ok"]


def test_no_program_at_all() -> None:
    facts = ProgramFacts(programs=programs.ALWAYS, found={})
    found = list(programs.programs(facts))
    assert len(found) == len(programs.ALWAYS)
    assert {each.severity.value for each in found} == {"problem"}


KERNEL = KernelFacts(path="/boot/vmlinuz-6", readable=True, modules=True)
READY = ApplianceFacts(
    partition=-1,
    python="3.11",
    kernels=(KERNEL,),
    emulator="/usr/bin/qemu-system-x86_64",
    cache="/var/cache/x",
    free=500 * MIB,
)


@pytest.mark.parametrize(
    ("changes", "sentence", "fix"),
    [
        (
            {"module": GuestfsModule.MISSING},
            "libguestfs's module for Python is not installed: no files can be injected "
            "into guests.",
            "Install it (apt install python3-guestfs).",
        ),
        (
            {"module": GuestfsModule.ANOTHER},
            "libguestfs's module is Debian's own Python's and this is Python 3.11: no "
            "files can be injected into guests.",
            "Make the virtualenv anew with /usr/bin/python3 -m venv.",
        ),
        (
            {"kernels": ()},
            "There is no kernel in /boot for libguestfs's appliance.",
            "Install one (apt install linux-image-cloud-amd64).",
        ),
        (
            {"kernels": (dataclasses.replace(KERNEL, readable=False),)},
            "The kernel /boot/vmlinuz-6 cannot be read by this user, so that "
            "libguestfs finds none for its appliance.",
            "Run nova-xen as root, or make it readable (dpkg-statoverride --update "
            "--add root root 0644 /boot/vmlinuz-6).",
        ),
        (
            {"kernels": (dataclasses.replace(KERNEL, modules=False),)},
            "The kernel /boot/vmlinuz-6 has no modules in /lib/modules, so that "
            "libguestfs finds none for its appliance.",
            "Install one (apt install linux-image-cloud-amd64).",
        ),
        (
            {"supermin": False},
            "supermin is not on this host: libguestfs's appliance cannot be built.",
            "Install it (apt install supermin).",
        ),
        (
            {"emulates": False},
            "There is no /usr/bin/qemu-system-x86_64 to run libguestfs's appliance.",
            "Install it (apt install qemu-system-x86).",
        ),
        (
            {"cache_open": True},
            "/var/cache/x, where libguestfs's appliance is kept, can be written by "
            "others: no files are injected into guests.",
            "Remove it, or give it to the user nova-xen runs as, with mode 0700.",
        ),
        (
            {"free": 399 * MIB},
            "/var/cache/x has 399 MiB free, and libguestfs's appliance takes some 400 "
            "MiB there.",
            "Free some space, or set the option [xen] guestfs_cache_dir.",
        ),
    ],
)
def test_what_libguestfs_lacks(
    changes: dict[str, Any], sentence: str, fix: str
) -> None:
    facts = dataclasses.replace(READY, **changes)
    assert list(injection.injection(facts)) == [problem("injection", sentence, fix)]
    off = dataclasses.replace(facts, partition=-2)
    assert list(injection.injection(off)) == [
        ok(
            "injection",
            "Nothing is injected into guests' disks ([libvirt] inject_partition is "
            "-2), so libguestfs is not needed.",
        )
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"free": None},
        {"free": 400 * MIB},
        {"kernels": (dataclasses.replace(KERNEL, readable=False), KERNEL)},
        {"partition": 0},
    ],
)
def test_what_libguestfs_needs_is_there(changes: dict[str, Any]) -> None:
    facts = dataclasses.replace(READY, **changes)
    assert list(injection.injection(facts)) == [
        ok("injection", "libguestfs has what it needs.")
    ]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (
            ConsoleFacts(running=True, folder="/var/log/xen/console", exists=True),
            ok("console-log", "xenconsoled logs guests into /var/log/xen/console."),
        ),
        (
            ConsoleFacts(running=False),
            problem(
                "console-log",
                "xenconsoled does not run: PV and PVH guests have no console.",
                "Start Xen's daemons (systemctl restart xen) and see why it ended.",
            ),
        ),
        (
            ConsoleFacts(running=True),
            advice(
                "console-log",
                "xenconsoled keeps no logs of guests: what PV and PVH guests print is "
                "shown by nothing.",
                "Set XENCONSOLED_ARGS=--log=guest in /etc/default/xen and boot again.",
            ),
        ),
        (
            ConsoleFacts(running=True, folder="/srv/logs"),
            problem(
                "console-log",
                "xenconsoled logs guests into /srv/logs, which is not there: what PV "
                "and PVH guests print is lost.",
                "Make the folder (mkdir -p /srv/logs).",
            ),
        ),
    ],
)
def test_who_keeps_what_guests_print(facts: ConsoleFacts, found: Finding) -> None:
    assert list(console.console(facts)) == [found]


def test_bridges() -> None:
    two = {
        "br0": BridgeFacts(name="br0", mtu=1500),
        "br-int": BridgeFacts(name="br-int", mtu=9000, openvswitch=True),
    }
    assert list(network.bridges(NetworkFacts(bridges=two))) == [
        ok(
            "bridges",
            "This host has br0 (MTU 1500) and br-int (MTU 9000, Open vSwitch).",
        )
    ]
    assert list(network.bridges(NetworkFacts(bridges={}))) == [
        problem(
            "bridges",
            "This host has no bridge, so that servers can have no network.",
            "Make one, such as br0 in /etc/network/interfaces (apt install "
            "bridge-utils), and put the host's interface on it.",
        )
    ]


@pytest.mark.parametrize(
    ("exists", "executable", "found"),
    [
        (True, True, ok("vif-script", "/x/vif is there (an option).")),
        (
            False,
            False,
            problem(
                "vif-script",
                "The script /x/vif is not there (an option): servers with a network "
                "cannot start.",
                "Install it (apt install xen-utils-common), or correct the option "
                "[xen] vif_script.",
            ),
        ),
        (
            True,
            False,
            problem(
                "vif-script",
                "The script /x/vif cannot be run (an option): servers with a network "
                "cannot start.",
                "Let it be run (chmod +x /x/vif).",
            ),
        ),
    ],
)
def test_scripts(exists: bool, executable: bool, found: Finding) -> None:
    script = ScriptFacts(
        path="/x/vif", why="an option", exists=exists, executable=executable
    )
    facts = NetworkFacts(bridges={}, scripts=(script,))
    assert list(network.scripts(facts)) == [found]
