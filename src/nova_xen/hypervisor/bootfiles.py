# SPDX-License-Identifier: Apache-2.0
"""Boot programs on the host's disk, where Debian and its relatives put them."""

import dataclasses
import glob

from nova_xen.model import BootFiles


@dataclasses.dataclass(frozen=True, kw_only=True)
class BootPaths:
    """Where to look, in order of preference; shell patterns, the newest match wins.

    Debian keeps the tools of each Xen version apart (/usr/lib/xen-4.17) and lets
    /usr/lib/xen-default or /usr/lib/xen lead to the one in use.
    """

    hvmloader: tuple[str, ...] = (
        "/usr/lib/xen/boot/hvmloader",
        "/usr/lib/xen-*/boot/hvmloader",
        "/usr/libexec/xen/boot/hvmloader",
    )
    ovmf: tuple[str, ...] = (
        "/usr/lib/xen/boot/ovmf.bin",
        "/usr/lib/xen-*/boot/ovmf.bin",
        "/usr/share/ovmf/OVMF.fd",
        "/usr/share/qemu/OVMF.fd",
        "/usr/share/OVMF/OVMF_CODE.fd",
    )
    pvgrub: tuple[str, ...] = ("/usr/lib/grub-xen/grub-x86_64-xen.bin",)
    pvhgrub: tuple[str, ...] = ("/usr/lib/grub-xen/grub-i386-xen_pvh.bin",)
    pygrub: tuple[str, ...] = (
        "/usr/lib/xen/bin/pygrub",
        "/usr/lib/xen-*/bin/pygrub",
        "/usr/libexec/xen/bin/pygrub",
    )


def find_boot_files(paths: BootPaths) -> BootFiles:
    """The programs that are there."""
    found = {
        field.name: find_newest(getattr(paths, field.name))
        for field in dataclasses.fields(paths)
    }
    return BootFiles(**found)


def find_newest(patterns: tuple[str, ...]) -> str | None:
    """The first pattern's match with the highest version; None where none matches."""
    for pattern in patterns:
        matches = glob.glob(pattern)
        if matches:
            return max(matches, key=_version)
    return None


def _version(path: str) -> list[int]:
    """The numbers in a path, so that xen-4.17 comes after xen-4.9."""
    digits = "".join(each if each.isdigit() else " " for each in path)
    return [int(each) for each in digits.split()]
