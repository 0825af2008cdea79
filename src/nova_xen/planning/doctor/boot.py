# SPDX-License-Identifier: Apache-2.0
"""The programs that guests boot by, and who cannot boot without each."""

import dataclasses
from collections.abc import Iterator

from nova_xen.model import GuestMode
from nova_xen.model.doctor import BootFileFacts, Finding, Severity
from nova_xen.planning.doctor.words import advice, listed, ok


@dataclasses.dataclass(frozen=True)
class _File:
    """A boot program: whom it boots, Debian's package of it, the option of its path."""

    name: str
    mode: GuestMode
    without: str
    package: str
    option: str
    severity: Severity = Severity.PROBLEM


_GRUB = "grub-xen-host"
_XEN = "xen-system-amd64"
_NO_KERNEL = "{} guests cannot boot without --kernel"
_FILES = (
    _File(
        "hvmloader",
        GuestMode.HVM,
        "HVM guests boot only by one that libxl was built with",
        _XEN,
        "[libvirt] xen_hvmloader_path",
    ),
    # asked for by an image's property, never by default
    _File(
        "ovmf",
        GuestMode.HVM,
        "HVM guests cannot boot by UEFI (hw_firmware_type=uefi)",
        "ovmf",
        "[xen] ovmf_path",
        Severity.ADVICE,
    ),
    _File("pvgrub", GuestMode.PV, _NO_KERNEL, _GRUB, "[xen] pvgrub_path"),
    _File("pvhgrub", GuestMode.PVH, _NO_KERNEL, _GRUB, "[xen] pvhgrub_path"),
    _File("pygrub", GuestMode.PV, _NO_KERNEL, _XEN, "[xen] pygrub_path"),
)
#: what boots PV guests, of which the option pv_bootloader takes one
_PV = {"pvgrub", "pygrub"}


def files(facts: BootFileFacts) -> Iterator[Finding]:
    """Each program that a type of guest offered here is booted by."""
    for file in _FILES:
        if _wanted(file, facts):
            yield _judged(file, facts)


def _wanted(file: _File, facts: BootFileFacts) -> bool:
    if file.name in _PV and file.name != facts.pv_bootloader:
        return False
    return facts.modes is None or file.mode in facts.modes


def _judged(file: _File, facts: BootFileFacts) -> Finding:
    found: str | None = getattr(facts.files, file.name)
    if found is not None:
        return ok("boot-files", f"{file.name} is {found}.")
    at = f"{file.name} is not at {listed(facts.looked[file.name], joint='or')}"
    without = file.without.format(file.mode.value.upper())
    install = f"apt install {file.package}"
    if file.name in facts.named:
        sentence = f"{at}, where the option {file.option} has it: {without}."
        fix = f"Correct the option {file.option}, or remove it and {install}."
    else:
        sentence = f"{at}: {without}."
        fix = f"Install it ({install}), or name it in the option {file.option}."
    return Finding("boot-files", file.severity, sentence, fix)


def pygrub(facts: BootFileFacts) -> Iterator[Finding]:
    """It has been the way into the host more than once (CVE-2007-4993, XSA-443)."""
    if facts.pv_bootloader == "pygrub":
        yield advice(
            "pv-bootloader",
            "PV guests boot by pygrub, which parses their disks as root in Domain-0, "
            "so that a hostile image can attack the host.",
            "Set the option [xen] pv_bootloader to pvgrub.",
        )
