# SPDX-License-Identifier: Apache-2.0
"""Programs of the host that servers are made with, and the QEMU they run by."""

from collections.abc import Iterator

from nova_xen.model.doctor import DeviceModelFacts, Finding, Program, ProgramFacts
from nova_xen.planning.doctor.words import advice, listed, ok, problem

ALWAYS: tuple[Program, ...] = (
    Program("qemu-img", "qemu-utils", "no disk of a server can be made"),
    # every program that reads a stranger's bytes is run by these two
    Program("prlimit", "util-linux", "no disk of a server can be made"),
    Program("setpriv", "util-linux", "no disk of a server can be made"),
    Program("mkfs.ext4", "e2fsprogs", "servers cannot have an ephemeral disk"),
    Program("mkswap", "util-linux", "servers cannot have a disk for swap"),
)
#: where the option config_drive_format is vfat
VFAT: tuple[Program, ...] = (
    Program("mkfs.vfat", "dosfstools", "servers cannot have a config drive"),
    Program("mcopy", "mtools", "servers cannot have a config drive"),
)


def programs(facts: ProgramFacts) -> Iterator[Finding]:
    """Those that are there, and those that are not."""
    lacking = [each for each in facts.programs if each.name not in facts.found]
    for each in lacking:
        yield problem(
            "programs",
            f"{each.name} is not on this host: {each.without}.",
            f"Install it (apt install {each.package}).",
        )
    if facts.found:
        yield ok("programs", f"{listed(sorted(facts.found.values()))}: there.")


def device_model(facts: DeviceModelFacts) -> Iterator[Finding]:
    """The QEMU that serves guests' disks, and what it was built without."""
    if facts.program is None:
        yield _no_device_model(facts)
        return
    for fmt in facts.lacking:
        yield advice(
            "device-model",
            f"{facts.program} was built without {fmt}: images in that format are "
            "converted, and servers with such disks cannot start.",
            f"Use raw or qcow2, or install a QEMU that has {fmt}.",
        )
    for fmt, why in facts.unknown.items():
        yield advice(
            "device-model",
            f"Whether {facts.program} serves disks in the format {fmt} is not known: "
            f"{why}.",
            "Run it by hand (with --version) and see why.",
        )
    if not facts.lacking and not facts.unknown:
        yield ok("device-model", f"{facts.program} serves every format of disks.")


def _no_device_model(facts: DeviceModelFacts) -> Finding:
    sentence = (
        f"There is no QEMU for Xen at {listed(facts.looked, joint='or')}: servers with "
        "disks cannot start."
    )
    if facts.option:
        fix = "Correct the option [xen] device_model_path, or remove it."
    else:
        fix = (
            "Install it (apt install qemu-system-xen), or name it in the option [xen] "
            "device_model_path."
        )
    return problem("device-model", sentence, fix)
