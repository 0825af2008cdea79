# SPDX-License-Identifier: Apache-2.0
"""How each mode boots, and with which firmware."""

from typing import Any

import pytest

from golden.builders import (
    BOOT_FILES,
    FOLDER,
    HVM,
    PV,
    PVH,
    flavor,
    host,
    iso,
    options,
    plan,
)
from nova_xen import exceptions
from nova_xen.model import BootFiles

KERNEL = "/srv/vmlinuz"
INITRD = "/srv/initrd.img"
PVGRUB = BOOT_FILES.pvgrub
PVHGRUB = BOOT_FILES.pvhgrub
PYGRUB = BOOT_FILES.pygrub
UEFI = {**HVM, "hw_firmware_type": "uefi"}
BY_PYGRUB = options(pv_bootloader="pygrub")
BARE = host(boot_files=BootFiles())


@pytest.mark.parametrize(
    ("mode", "kernel", "loader", "booted", "bootloader"),
    [
        (PV, None, "pvgrub", PVGRUB, None),
        (PV, None, "pygrub", None, PYGRUB),
        (PV, KERNEL, "pvgrub", f"{FOLDER}/kernel", None),
        (PV, KERNEL, "pygrub", f"{FOLDER}/kernel", None),
        (PVH, None, "pvgrub", PVHGRUB, None),
        (PVH, None, "pygrub", PVHGRUB, None),
        (PVH, KERNEL, "pvgrub", f"{FOLDER}/kernel", None),
        (HVM, None, "pvgrub", None, None),
        (HVM, None, "pygrub", None, None),
        (HVM, KERNEL, "pvgrub", f"{FOLDER}/kernel", None),
        (UEFI, None, "pvgrub", None, None),
    ],
)
def test_what_is_booted(
    mode: dict[str, str],
    kernel: str | None,
    loader: str,
    booted: str | None,
    bootloader: str | None,
) -> None:
    planned = plan(mode, kernel=kernel, by=options(pv_bootloader=loader))
    assert planned.domain.os.kernel == booted
    assert planned.domain.bootloader == bootloader


@pytest.mark.parametrize(
    ("mode", "image", "root_gib", "order"),
    [
        (PV, None, 4, ()),
        (PVH, None, 4, ()),
        (HVM, None, 4, ("hd",)),
        (UEFI, None, 4, ("hd",)),
        (HVM, iso(HVM), 4, ("hd", "cdrom")),
        (HVM, iso(HVM), 0, ("cdrom",)),
    ],
)
def test_boot_order(
    mode: dict[str, str], image: Any, root_gib: int, order: tuple[str, ...]
) -> None:
    changes: dict[str, Any] = {"flavor": flavor(root_gib=root_gib)}
    if image is not None:
        changes["image"] = image
    assert plan(mode, **changes).domain.os.boot == order


@pytest.mark.parametrize(
    ("mode", "loader", "readonly", "kind"),
    [
        (PV, None, None, None),
        (PVH, None, None, None),
        (HVM, BOOT_FILES.hvmloader, None, "rom"),
        ({**HVM, "hw_firmware_type": "bios"}, BOOT_FILES.hvmloader, None, "rom"),
        (UEFI, BOOT_FILES.ovmf, True, "pflash"),
    ],
)
@pytest.mark.parametrize("kernel", [None, KERNEL])
def test_firmware(
    mode: dict[str, str],
    loader: str | None,
    readonly: bool | None,
    kind: str | None,
    kernel: str | None,
) -> None:
    os = plan(mode, kernel=kernel).domain.os
    assert (os.loader, os.loader_readonly, os.loader_type) == (loader, readonly, kind)


def test_without_a_known_hvmloader_libxl_chooses() -> None:
    assert plan(HVM, on=BARE).domain.os.loader is None


@pytest.mark.parametrize(
    ("mode", "by", "what", "package"),
    [
        (PV, options(), "pvgrub (GRUB for Xen), since no kernel", "grub-xen-host"),
        (PV, BY_PYGRUB, "pygrub, chosen by the option [xen]", "xen-system-amd64"),
        (PVH, options(), "pvhgrub (GRUB for Xen), since no kernel", "grub-xen-host"),
        (UEFI, options(), "UEFI firmware (OVMF), asked for by", "ovmf"),
    ],
)
def test_a_missing_boot_program_is_named(
    mode: dict[str, str], by: Any, what: str, package: str
) -> None:
    with pytest.raises(exceptions.BootFileMissing) as refused:
        plan(mode, by=by, on=BARE)
    assert f"needs {what}" in str(refused.value)
    assert f"install {package} or " in str(refused.value)


@pytest.mark.parametrize("mode", [PV, PVH])
def test_a_kernel_needs_no_boot_program(mode: dict[str, str]) -> None:
    assert plan(mode, kernel=KERNEL, on=BARE).domain.os.kernel == f"{FOLDER}/kernel"


@pytest.mark.parametrize("mode", [PV, PVH, HVM])
@pytest.mark.parametrize("ramdisk", [None, INITRD])
def test_kernel_and_ramdisk_are_copied_into_the_folder(
    mode: dict[str, str], ramdisk: str | None
) -> None:
    planned = plan(mode, kernel=KERNEL, ramdisk=ramdisk)
    copies = {file.path: file.source for file in planned.files}
    expected = {f"{FOLDER}/kernel": KERNEL}
    if ramdisk:
        expected[f"{FOLDER}/ramdisk"] = ramdisk
    assert copies == expected
    assert planned.domain.os.initrd == (f"{FOLDER}/ramdisk" if ramdisk else None)


@pytest.mark.parametrize(
    ("mode", "given", "cmdline"),
    [
        (PV, None, "root=/dev/xvda ro console=hvc0"),
        (PVH, None, "root=/dev/xvda ro console=hvc0"),
        (HVM, None, "root=/dev/xvda ro console=hvc0 console=ttyS0"),
        (PV, "quiet", "quiet"),
        (HVM, "quiet", "quiet"),
    ],
)
def test_command_line_of_a_kernel(
    mode: dict[str, str], given: str | None, cmdline: str
) -> None:
    asked = {**mode, **({"os_command_line": given} if given else {})}
    assert plan(asked, kernel=KERNEL).domain.os.cmdline == cmdline


@pytest.mark.parametrize("mode", [PV, PVH, HVM])
def test_without_a_kernel_there_is_no_command_line(mode: dict[str, str]) -> None:
    assert plan(mode).domain.os.cmdline is None


@pytest.mark.parametrize("mode", [PV, PVH, HVM])
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ramdisk": INITRD}, "without a kernel, give that too (--kernel)."),
        (
            {"properties": {"os_command_line": "quiet"}},
            "os_command_line needs a kernel",
        ),
    ],
)
def test_ramdisk_and_command_line_need_a_kernel(
    mode: dict[str, str], changes: dict[str, Any], why: str
) -> None:
    more = changes.get("properties", {})
    rest = {name: v for name, v in changes.items() if name != "properties"}
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan({**mode, **more}, **rest)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({**PV, "hw_firmware_type": "uefi"}, "a pv guest has no firmware"),
        ({**PVH, "hw_firmware_type": "uefi"}, "a pvh guest has no firmware"),
        ({**UEFI, "os_secure_boot": "required"}, "has no secure boot, remove"),
        ({**HVM, "hw_firmware_type": "coreboot"}, "must be one of: bios, uefi"),
    ],
)
def test_firmware_that_cannot_be(asked: dict[str, str], why: str) -> None:
    with pytest.raises(exceptions.InvalidRequest, match=why):
        plan(asked)


@pytest.mark.parametrize("wish", ["optional", "disabled"])
def test_secure_boot_that_is_not_required_is_granted(wish: str) -> None:
    assert plan({**UEFI, "os_secure_boot": wish}).domain.os.loader == BOOT_FILES.ovmf


def test_pygrub_is_warned_of() -> None:
    warnings = plan(PV, by=BY_PYGRUB).warnings
    assert any("parses the guest's disk as root in dom0" in why for why in warnings)
