# SPDX-License-Identifier: Apache-2.0
"""HVM's firmware: SeaBIOS through hvmloader, or OVMF."""

import dataclasses
from typing import Any

from nova_xen import exceptions
from nova_xen.model import GuestMode, Reason
from nova_xen.planning.context import Asked, Context, reason


@dataclasses.dataclass(frozen=True)
class Loader:
    """Fields of ``<os>`` for the firmware."""

    parts: dict[str, Any]
    reasons: tuple[Reason, ...]


def choose_loader(context: Context) -> Loader:
    """BIOS unless the image asks for UEFI.

    libxl runs OVMF when the loader is of type pflash and hvmloader's BIOS otherwise;
    it takes the file that Xen was built with, whatever the path (libvirt's
    libxl_conf.c), so the path is checked for the host's sake and shown for people's.

    :raises BootFileMissing: UEFI is asked for and there is no OVMF
    """
    if context.choice("hw_firmware_type", ("bios", "uefi")) == "uefi":
        return _uefi(context)
    hvmloader = context.host.boot_files.hvmloader
    why = "BIOS: no hw_firmware_type=uefi"
    if hvmloader is None:
        return Loader({}, (reason("os/loader", "libxl's default", why),))
    parts: dict[str, Any] = {"loader": hvmloader, "loader_type": "rom"}
    return Loader(parts, (reason("os/loader", hvmloader, why),))


def _uefi(context: Context) -> Loader:
    path = context.host.boot_files.ovmf
    if path is None:
        raise exceptions.BootFileMissing(
            server=context.instance.name,
            what="UEFI firmware (OVMF), asked for by hw_firmware_type=uefi",
            paths="/usr/share/ovmf, /usr/lib/xen/boot",
            package="ovmf",
            advice="use an image with hw_firmware_type=bios",
        )
    parts: dict[str, Any] = {
        "loader": path,
        "loader_readonly": True,
        "loader_type": "pflash",
    }
    why = "image property hw_firmware_type=uefi"
    return Loader(parts, (reason("os/loader", path, why),))


def check_firmware(asked: Asked, mode: GuestMode) -> None:
    """Refuse what no firmware of Xen gives.

    :raises InvalidRequest: UEFI for a guest without firmware, or secure boot
    """
    firmware = asked.choice("hw_firmware_type", ("bios", "uefi"))
    if firmware == "uefi" and mode is not GuestMode.HVM:
        raise exceptions.InvalidRequest(
            server=asked.instance.name,
            why=f"a {mode} guest has no firmware, so hw_firmware_type=uefi needs "
            "vm_mode=hvm",
        )
    choices = ("required", "optional", "disabled")
    if asked.choice("os_secure_boot", choices) == "required":
        raise exceptions.InvalidRequest(
            server=asked.instance.name,
            why="Xen's UEFI firmware has no secure boot, remove the image property "
            "os_secure_boot=required",
        )
