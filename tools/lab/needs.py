# SPDX-License-Identifier: Apache-2.0
"""What the machine must have, and the sentence that says what is missing."""

import os
from collections.abc import Callable, Mapping

from lab.errors import LabError
from lab.progress import say
from lab.run import have, run

# command or file -> Debian package
GUEST_COMMANDS = {
    "mmdebstrap": "mmdebstrap",
    "qemu-img": "qemu-utils",
    "mke2fs": "e2fsprogs",
    "modprobe": "kmod",
    "lz4": "lz4",
    "setpriv": "util-linux",
    "grub-mkimage": "grub-common",
    "/usr/lib/grub/i386-pc/boot.img": "grub-pc-bin",
    "/usr/lib/grub/x86_64-efi/moddep.lst": "grub-efi-amd64-bin",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
}
# a host brings the guest image with it
HOST_COMMANDS = {
    **GUEST_COMMANDS,
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}


def missing(
    commands: Mapping[str, str], present: Callable[[str], bool] = have
) -> dict[str, str]:
    """The commands that are not there, with the package of each."""
    return {
        command: package
        for command, package in commands.items()
        if not present(command)
    }


def sentence(lacking: Mapping[str, str]) -> str:
    """Name the commands, their packages and what to type."""
    packages = " ".join(sorted(set(lacking.values())))
    names = ", ".join(sorted(lacking))
    return (
        f"The lab needs {names}, which this machine lacks: "
        f"type 'apt-get install {packages}' as root."
    )


def require(commands: Mapping[str, str], install: bool) -> None:
    """Refuse, or install from Debian when asked to, what is missing."""
    if os.geteuid() != 0:
        raise LabError(
            "The lab unpacks Debian systems with their owners kept, "
            "which only root may: run the command again as root."
        )
    lacking = missing(commands)
    if lacking and install:
        _install(sorted(set(lacking.values())))
        lacking = missing(commands)
    if lacking:
        raise LabError(sentence(lacking))


def _install(packages: list[str]) -> None:
    say(f"installing {' '.join(packages)}")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    apt += ["-o", "DPkg::Lock::Timeout=600"]
    run([*apt, "update"])
    run([*apt, "install", "--no-install-recommends", *packages])
