# SPDX-License-Identifier: Apache-2.0
"""Rules of disks."""

import re
from collections.abc import Iterator

from nova_xen.domain import Disk, DiskDevice, DiskType, Domain
from nova_xen.model import GuestMode
from nova_xen.rules.base import mode_of, rule

TARGETS = {
    "xen": re.compile(r"xvd[a-z]{1,2}", re.ASCII),
    "ide": re.compile(r"hd[a-d]", re.ASCII),
    "scsi": re.compile(r"sd[a-g]", re.ASCII),
}
PREFIX = re.compile(r"^(xvd|hd|sd)", re.ASCII)
EMULATED = re.compile(r"(xvd|hd)[a-d]", re.ASCII)
FORMATS = {
    "qemu": ("raw", "qcow2", "vhd"),
    "phy": ("raw",),
}


@rule("XEN010")
def bus(domain: Domain) -> Iterator[str]:
    """PV and PVH have Xen's bus only; no guest has virtio or usb, no cdrom scsi."""
    mode = mode_of(domain)
    for disk in domain.devices.disks:
        possible = _buses(mode, disk.device)
        if disk.target_bus not in possible:
            yield (
                f"{disk.device} {disk.target_dev} of a {mode} guest is on the bus "
                f"{disk.target_bus}, possible is {' or '.join(possible)}"
            )


def _buses(mode: GuestMode, device: DiskDevice) -> tuple[str, ...]:
    if mode is not GuestMode.HVM:
        return ("xen",)
    return ("ide", "xen") if device is DiskDevice.CDROM else ("ide", "xen", "scsi")


@rule("XEN011")
def target_fits_bus(domain: Domain) -> Iterator[str]:
    """xvd, hd and sd are not interchangeable; IDE ends with hdd, SCSI with sdg."""
    for disk in domain.devices.disks:
        pattern = TARGETS.get(disk.target_bus)
        if pattern and not pattern.fullmatch(disk.target_dev):
            yield f"{disk.target_dev} is no disk name on the bus {disk.target_bus}"


@rule("XEN012")
def targets_differ(domain: Domain) -> Iterator[str]:
    """xvda, hda and sda are one place: the guest calls each of them its first disk."""
    seen: dict[str, str] = {}
    for disk in domain.devices.disks:
        place = PREFIX.sub("", disk.target_dev)
        if place in seen:
            yield f"disks {seen[place]} and {disk.target_dev} are in one place"
        seen[place] = disk.target_dev


@rule("XEN013")
def driver_and_format(domain: Domain) -> Iterator[str]:
    """Without a driver libxl takes any file for raw; vpc is vhd here."""
    for disk in domain.devices.disks:
        sentence = _driver_breach(disk)
        if sentence:
            yield sentence


def _driver_breach(disk: Disk) -> str | None:
    where = f"disk {disk.target_dev}"
    if disk.driver_name is None or disk.driver_type is None:
        return f"{where} names no driver and format, so libxl would take it for raw"
    formats = FORMATS.get(disk.driver_name)
    if formats is None:
        return (
            f"{where}: the driver {disk.driver_name} is not used, use qemu for files "
            "or phy for block devices"
        )
    if disk.driver_type not in formats:
        word = "vpc (libxl says vhd)" if disk.driver_type == "vpc" else disk.driver_type
        return f"{where}: the driver {disk.driver_name} does not serve {word}"
    if disk.driver_name == "phy" and disk.type is not DiskType.BLOCK:
        return f"{where}: the driver phy is for block devices, and this is a file"
    return None


@rule("XEN014")
def source(domain: Domain) -> Iterator[str]:
    """Only a cdrom may be empty; a relative path is libvirtd's own."""
    for disk in domain.devices.disks:
        if disk.source is None and disk.device is not DiskDevice.CDROM:
            yield f"disk {disk.target_dev} has no source"
        elif disk.source is not None and not disk.source.startswith("/"):
            yield f"disk {disk.target_dev}: {disk.source} is not an absolute path"


@rule("XEN015")
def sources_differ(domain: Domain) -> Iterator[str]:
    """One file behind two disks is torn to pieces by its guest."""
    seen: dict[str, str] = {}
    for disk in domain.devices.disks:
        if disk.source is None or disk.readonly:
            continue
        if disk.source in seen:
            yield f"disks {seen[disk.source]} and {disk.target_dev} share one file"
        seen[disk.source] = disk.target_dev


@rule("XEN016")
def cdrom_is_readonly(domain: Domain) -> Iterator[str]:
    """libvirt makes every cdrom readonly, so another document is not what runs."""
    for disk in domain.devices.disks:
        if disk.device is DiskDevice.CDROM and not disk.readonly:
            yield f"cdrom {disk.target_dev} is not readonly"


@rule("XEN017")
def emulated_disk_is_writable(domain: Domain) -> Iterator[str]:
    """HVM: libxl refuses a read-only disk in the four places that it emulates."""
    if mode_of(domain) is not GuestMode.HVM:
        return
    for disk in domain.devices.disks:
        if disk.device is DiskDevice.CDROM or not disk.readonly:
            continue
        if EMULATED.fullmatch(disk.target_dev):
            yield f"disk {disk.target_dev} is readonly, and an emulated disk cannot be"


@rule("XEN018")
def emulated_cdrom_is_served_by_qemu(domain: Domain) -> Iterator[str]:
    """HVM: the device model reads cdroms itself, and libxl refuses another driver."""
    if mode_of(domain) is not GuestMode.HVM:
        return
    for disk in domain.devices.disks:
        if disk.device is DiskDevice.CDROM and disk.driver_name == "phy":
            yield f"cdrom {disk.target_dev} of an HVM guest needs the driver qemu"
