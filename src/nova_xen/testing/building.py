# SPDX-License-Identifier: Apache-2.0
"""What libxl refuses when a guest is built or a device is plugged in."""

from __future__ import annotations

import re
from typing import Any

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.xmltext import Element

# libxl knows these device names alone; vda and its like have no number in Xen.
_DEVICE_NAME = re.compile(r"^((xvd|hd|sd)[a-z]+\d*|d\d+p\d+)$")
_QEMU_FORMATS = {"qcow", "qcow2", "qed", "vhd", "raw"}
_TAP_TO_QEMU = {"qcow", "qcow2", "qed"}
_NIC_KINDS = {"bridge", "ethernet", "network"}


def config_unsupported(detail: str) -> Any:
    """Return the error for a document that parses and that libxl cannot do."""
    return errors.error(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, detail)


def check_disk(disk: Element) -> None:
    """Raise what libxlMakeDisk refuses: a driver, a format, a protocol."""
    driver = disk.find("driver")
    name = None if driver is None else driver.get("name")
    image = "raw" if driver is None else driver.get("type", "raw")
    source = disk.find("source")
    if disk.get("type") == "network" and source is not None:
        _check_network_disk(source, name)
        name = name or "qemu"
    if name is not None:
        _check_format(name, image)
    if disk.find("transient") is not None:
        code = libvirt.VIR_ERR_INTERNAL_ERROR
        raise errors.error(code, "libxenlight does not support transient disks")


def _check_network_disk(source: Element, driver: str | None) -> None:
    if driver not in (None, "qemu"):
        detail = "only the 'qemu' driver can be used with network disks"
        raise errors.operation_invalid(detail)
    if source.get("protocol") != "rbd":
        detail = f"Unsupported network block protocol '{source.get('protocol')}'"
        raise errors.error(libvirt.VIR_ERR_NO_SUPPORT, detail)


def _check_format(driver: str, image: str) -> None:
    match driver:
        case "qemu" | "tap" | "tap2":
            known = _QEMU_FORMATS
        case "file" | "phy":
            known = {"raw"}
        case _:
            detail = f"libxenlight does not support disk driver {driver}"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
    if image not in known:
        detail = (
            f"libxenlight does not support disk format {image} "
            f"with disk driver {driver}"
        )
        raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)


def has_backend(disk: Element) -> bool:
    """Tell whether Xen has a backend for the disk: blktap is gone, names are few."""
    target = disk.find("target")
    if target is None or not _DEVICE_NAME.match(target.get("dev", "")):
        return False
    driver = disk.find("driver")
    if driver is None or driver.get("name") not in ("tap", "tap2"):
        return True
    return driver.get("type") in _TAP_TO_QEMU


def needs_qemu(root: Element) -> bool:
    """Tell whether a QEMU runs for a guest from its start."""
    if root.findtext("os/type") == "hvm" or root.find("devices/graphics") is not None:
        return True
    return any(served_by_qemu(disk) for disk in root.findall("devices/disk"))


def empty_drives(root: Element) -> frozenset[str]:
    """Return the device names of the CD drives without a medium."""
    drives = root.findall("devices/disk[@device='cdrom']")
    names = (
        xmltext.attribute(drive, "target", "dev")
        for drive in drives
        if drive.find("source") is None
    )
    return frozenset(name for name in names if name)


def served_by_qemu(disk: Element) -> bool:
    """Tell whether QEMU is a disk's backend; without a driver libxl takes phy."""
    driver = disk.find("driver")
    name = None if driver is None else driver.get("name")
    return name not in (None, "phy") or disk.get("type") == "network"


def qemu_file(disk: Element) -> str | None:
    """Return the image file QEMU serves for a disk; none for other backends."""
    source = disk.find("source")
    if source is None or not served_by_qemu(disk):
        return None
    return source.get("file")


def check_nic(nic: Element, os_type: str) -> None:
    """Raise what libxlMakeNic refuses: a kind of interface or its model."""
    kind = nic.get("type", "")
    if nic.find("script") is not None and kind not in ("bridge", "ethernet"):
        detail = (
            "specifying a script is only supported with "
            "interface types bridge and ethernet"
        )
        raise config_unsupported(detail)
    model = nic.find("model")
    if model is not None and os_type != "hvm" and model.get("type") != "netfront":
        detail = "only model 'netfront' is supported for Xen PV(H) domains"
        raise config_unsupported(detail)
    if kind not in _NIC_KINDS:
        raise config_unsupported(f"unsupported interface type {kind}")


def check_guest(root: Element) -> None:
    """Raise what libvirt refuses while it makes libxl's configuration of a guest."""
    os_type = root.findtext("os/type", "")
    _check_clock(root, os_type)
    devices = root.find("devices")
    if devices is None:
        return
    balloon = devices.find("memballoon")
    if balloon is not None and balloon.get("model") == "none":
        raise config_unsupported("balloon device cannot be disabled")
    if balloon is not None and balloon.get("model") != "xen":
        detail = f"unsupported balloon device model '{balloon.get('model')}'"
        raise config_unsupported(detail)
    for disk in devices.findall("disk"):
        check_disk(disk)
    for nic in devices.findall("interface"):
        check_nic(nic, os_type)


def _check_clock(root: Element, os_type: str) -> None:
    clock = root.find("clock")
    if clock is None:
        return
    if clock.get("offset") == "timezone":
        raise config_unsupported("unsupported clock offset 'timezone'")
    for timer in clock.findall("timer"):
        name = timer.get("name")
        if name != "tsc" and not (name == "hpet" and os_type == "hvm"):
            raise config_unsupported(f"unsupported timer type (name) '{name}'")
