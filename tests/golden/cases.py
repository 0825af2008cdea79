# SPDX-License-Identifier: Apache-2.0
"""The requests whose documents are kept as files beside this one."""

from collections.abc import Mapping
from typing import Any

from golden.builders import (
    BY_MODE,
    HVM,
    PV,
    PVH,
    flavor,
    image,
    iso,
    nic,
    options,
    plan,
)
from nova_xen.model import ConfigDriveFormat, DiskFormat, Plan

UEFI = {**HVM, "hw_firmware_type": "uefi"}
ALL_DISKS = flavor(ephemeral_gib=10, swap_mib=512)
FILES = {
    DiskFormat.RAW: "/srv/images/debian.raw",
    DiskFormat.QCOW2: "/srv/images/debian.qcow2",
    DiskFormat.VHD: "/srv/images/debian.vhd",
}
KERNEL: dict[str, Any] = {
    "kernel": "/srv/images/vmlinuz",
    "ramdisk": "/srv/images/initrd.img",
}
PORT = "0d9f5a3e-7c41-4b62-8e53-1f2a3b4c5d6e"


def _formats() -> dict[str, Plan]:
    """Each mode with each format of image, copied as it is."""
    copied = options(use_cow_images=False)
    return {
        f"{mode}-{disk_format}": plan(
            by=copied,
            image=image(words, disk_format=disk_format, path=FILES[disk_format]),
        )
        for mode, words in BY_MODE.items()
        for disk_format in DiskFormat
    }


def _boots() -> dict[str, Plan]:
    return {
        "pv-kernel": plan(PV, **KERNEL),
        "pv-kernel-command-line": plan(
            {**PV, "os_command_line": "root=/dev/xvda1 ro console=hvc0 quiet"}, **KERNEL
        ),
        "pv-pvgrub": plan(PV),
        "pv-pygrub": plan(PV, by=options(pv_bootloader="pygrub")),
        "pvh-kernel": plan(PVH, kernel="/srv/images/vmlinux"),
        "pvh-pvhgrub": plan(PVH),
        "hvm-bios": plan(HVM),
        "hvm-uefi": plan(UEFI),
        "hvm-kernel": plan(HVM, **KERNEL),
        "hvm-iso-only": plan(image=iso(HVM), flavor=flavor(root_gib=0)),
        "hvm-iso-four-devices": plan(image=iso(HVM), flavor=ALL_DISKS),
        "pv-iso": plan(image=iso(PV)),
    }


def _disks() -> dict[str, Plan]:
    return {
        "pv-ephemeral-swap": plan(PV, flavor=ALL_DISKS),
        "pv-raw-ephemeral-swap": plan(
            PV, flavor=ALL_DISKS, by=options(images_type="raw")
        ),
        "hvm-bus-xen": plan({**HVM, "hw_disk_bus": "xen"}, flavor=ALL_DISKS),
        "hvm-bus-scsi": plan({**HVM, "hw_disk_bus": "scsi"}, flavor=ALL_DISKS),
        "hvm-iso-bus-xen": plan(
            image=iso({**HVM, "hw_disk_bus": "xen", "hw_cdrom_bus": "xen"})
        ),
    }


def _config_drives() -> dict[str, Plan]:
    """Each mode with each file system of config drives."""
    drives = {
        f"{mode}-config-drive-{drive_format}": plan(
            words, config_drive=True, by=options(config_drive_format=drive_format)
        )
        for mode, words in BY_MODE.items()
        for drive_format in ConfigDriveFormat
    }
    return {
        **drives,
        "pv-config-drive-all-disks": plan(PV, flavor=ALL_DISKS, config_drive=True),
        "hvm-config-drive-all-disks": plan(HVM, flavor=ALL_DISKS, config_drive=True),
        "hvm-config-drive-bus-xen": plan(
            {**HVM, "hw_disk_bus": "xen", "hw_cdrom_bus": "xen"}, config_drive=True
        ),
        "hvm-iso-config-drive": plan(image=iso(HVM), config_drive=True),
    }


def _networks() -> dict[str, Plan]:
    two = (
        nic(),
        nic(bridge="br-big", mac="00:16:3e:11:22:34", mtu=9000, target_dev="tap0"),
    )
    switched = nic(bridge="br-int", interface_id=PORT, target_dev="tap0d9f5a3e-7c")
    return {
        "pv-two-bridges-mtu": plan(PV, nics=two),
        "pv-openvswitch": plan(PV, nics=(switched,)),
        "pv-script": plan(PV, nics=(nic(script="vif-route"),)),
        "pv-script-option": plan(PV, nics=(nic(),), by=options(vif_script="vif-nat")),
        "pv-outbound-average": plan(
            PV, nics=(nic(),), flavor=flavor({"quota:vif_outbound_average": "1024"})
        ),
        "hvm-card-default": plan(HVM, nics=(nic(),)),
        "hvm-cards": plan(
            {**HVM, "hw_vif_model": "rtl8139"},
            nics=(nic(), nic(mac="00:16:3e:11:22:34", model="netfront")),
        ),
    }


def _screens() -> dict[str, Plan]:
    by_card = {**HVM, "hw_video_model": "vga", "hw_video_ram": "32"}
    return {
        "pv-vnc-password-listen": plan(
            PV, vnc_password="secret", by=options(vnc_listen="192.0.2.1")
        ),
        "pv-no-vnc": plan(PV, by=options(vnc_enabled=False)),
        "hvm-no-vnc": plan(HVM, by=options(vnc_enabled=False)),
        "hvm-ps2mouse": plan({**HVM, "hw_pointer_model": "ps2mouse"}),
        "hvm-vga": plan(by_card),
    }


def _machines() -> dict[str, Plan]:
    quotas = {"quota:cpu_shares": "512", "quota:cpu_quota": "50000"}
    return {
        "hvm-windows": plan(HVM, os_type="windows"),
        "pv-weight-cap-cpuset": plan(
            PV, flavor=flavor(quotas), by=options(cpuset="2-7,^4")
        ),
        "pv-untidy-metadata": plan(
            {**PV, "note": 'a "quoted" <tag> & a\ttab', "blank": " ", "empty": ""},
            flavor=flavor({"aggregate:rack": " é "}, name="größe"),
        ),
    }


def cases() -> Mapping[str, Plan]:
    """Plans by the name of their golden document."""
    return {
        **_formats(),
        **_boots(),
        **_disks(),
        **_config_drives(),
        **_networks(),
        **_screens(),
        **_machines(),
    }
