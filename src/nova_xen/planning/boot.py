# SPDX-License-Identifier: Apache-2.0
"""How the guest boots: a kernel from the host, GRUB for Xen, or firmware."""

import dataclasses
from typing import Any

from nova_xen import exceptions
from nova_xen.domain import BootDevice, Os, OsType
from nova_xen.model import FilePlan, GuestMode, Reason
from nova_xen.planning.context import Context, reason
from nova_xen.planning.firmware import choose_loader


@dataclasses.dataclass(frozen=True)
class Boot:
    """The chosen ``<os>``, boot loader and the files to copy for them."""

    os: Os
    reasons: tuple[Reason, ...]
    bootloader: str | None = None
    files: tuple[FilePlan, ...] = ()


OS_TYPES = {
    GuestMode.PV: (OsType.XEN, "xenpv"),
    GuestMode.HVM: (OsType.HVM, "xenfv"),
    GuestMode.PVH: (OsType.XENPVH, "xenpvh"),
}


def decide_boot(context: Context) -> Boot:
    """Choose how the guest boots.

    :raises BootFileMissing: the host lacks the boot program
    :raises InvalidRequest: a ramdisk or command line without a kernel
    """
    instance = context.instance
    if instance.kernel:
        return _direct_kernel(context, instance.kernel)
    if instance.ramdisk:
        raise exceptions.InvalidRequest(
            server=instance.name,
            why="a ramdisk is given without a kernel, give that too (--kernel)",
        )
    if context.image_property("os_command_line"):
        raise exceptions.InvalidRequest(
            server=instance.name,
            why="image property os_command_line needs a kernel (--kernel), since a "
            "guest that boots by itself takes no command line from the host",
        )
    match context.mode:
        case GuestMode.HVM:
            return _from_firmware(context)
        case GuestMode.PVH:
            return _from_grub(context, "pvhgrub", context.host.boot_files.pvhgrub)
        case GuestMode.PV if context.options.pv_bootloader == "pygrub":
            return _from_pygrub(context)
        case GuestMode.PV:
            return _from_grub(context, "pvgrub", context.host.boot_files.pvgrub)


def _base_os(context: Context, **parts: Any) -> Os:
    os_type, machine = OS_TYPES[context.mode]
    return dataclasses.replace(
        Os(type=os_type, arch=context.host.arch, machine=machine), **parts
    )


def _direct_kernel(context: Context, kernel: str) -> Boot:
    files = [FilePlan(source=kernel, path=f"{context.folder}/kernel")]
    if context.instance.ramdisk:
        source = context.instance.ramdisk
        files.append(FilePlan(source=source, path=f"{context.folder}/ramdisk"))
    cmdline, cmdline_why = _command_line(context)
    parts: dict[str, Any] = {
        "kernel": files[0].path,
        "initrd": files[1].path if context.instance.ramdisk else None,
        "cmdline": cmdline,
    }
    reasons = [
        reason("os/kernel", files[0].path, "a kernel was given, so it is booted"),
        reason("os/cmdline", cmdline, cmdline_why),
    ]
    if context.mode is GuestMode.HVM:
        loader = choose_loader(context)
        parts |= loader.parts
        reasons += loader.reasons
    return Boot(_base_os(context, **parts), tuple(reasons), files=tuple(files))


def _command_line(context: Context) -> tuple[str, str]:
    given = context.image_property("os_command_line")
    if given:
        return given, "image property os_command_line"
    if context.mode is GuestMode.HVM:
        return (
            "root=/dev/xvda ro console=hvc0 console=ttyS0",
            "no os_command_line: the whole first disk is the root, the serial port the "
            "log",
        )
    return (
        "root=/dev/xvda ro console=hvc0",
        "no os_command_line: the whole first disk is the root, Xen's console the log",
    )


def _from_grub(context: Context, name: str, path: str | None) -> Boot:
    if path is None:
        raise exceptions.BootFileMissing(
            server=context.instance.name,
            what=f"{name} (GRUB for Xen), since no kernel was given",
            paths="/usr/lib/grub-xen",
            package="grub-xen-host",
            advice="give a kernel (--kernel)",
        )
    why = (
        f"no kernel was given: {name} runs inside the guest and reads the guest's own "
        "disk there, so nothing of the guest is parsed in dom0"
    )
    return Boot(_base_os(context, kernel=path), (reason("os/kernel", path, why),))


def _from_pygrub(context: Context) -> Boot:
    path = context.host.boot_files.pygrub
    if path is None:
        raise exceptions.BootFileMissing(
            server=context.instance.name,
            what="pygrub, chosen by the option [xen] pv_bootloader",
            paths="/usr/lib/xen-*/bin",
            package="xen-system-amd64",
            advice="set pv_bootloader=pvgrub",
        )
    why = (
        "the option [xen] pv_bootloader=pygrub; warning: pygrub parses the guest's "
        "disk as root in dom0, so a hostile image can attack the host"
    )
    chosen = reason("bootloader", path, why, warning=True)
    return Boot(_base_os(context), (chosen,), bootloader=path)


def _from_firmware(context: Context) -> Boot:
    loader = choose_loader(context)
    order, why = _boot_order(context)
    os = _base_os(context, boot=order, **loader.parts)
    names = ", ".join(order)
    return Boot(os, (*loader.reasons, reason("os/boot", names, why)))


def _boot_order(context: Context) -> tuple[tuple[BootDevice, ...], str]:
    if not context.instance.image.iso:
        return (BootDevice.DISK,), "the image is a disk, so the guest boots from it"
    if not context.instance.flavor.root_gib:
        return (BootDevice.CDROM,), "the image is an ISO and there is no disk"
    return (
        (BootDevice.DISK, BootDevice.CDROM),
        "the image is an ISO: while the disk is empty the firmware goes on to it, and "
        "once a system is installed the disk comes first",
    )
