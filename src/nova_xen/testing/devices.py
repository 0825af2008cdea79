# SPDX-License-Identifier: Apache-2.0
"""What libvirt and libxl do and refuse when one device changes."""

from __future__ import annotations

from typing import Any

import libvirt

from nova_xen.testing import building, errors, implied, xmltext
from nova_xen.testing.building import config_unsupported
from nova_xen.testing.errors import Origin
from nova_xen.testing.guest import Guest
from nova_xen.testing.host import FakeHost
from nova_xen.testing.xmltext import Element

_INVALID = libvirt.VIR_ERR_INVALID_ARG
_FAILED = libvirt.VIR_ERR_OPERATION_FAILED
_INTERNAL = libvirt.VIR_ERR_INTERNAL_ERROR


def read(xml: str) -> Element:
    """Return a device as libvirt keeps it."""
    device = xmltext.parse(xml)
    if device.tag == "disk":
        implied.normalize_disk(device)
    elif device.tag == "interface":
        implied.normalize_nic(device)
    return device


def again(device: Element, xml: str) -> Element:
    """Return it as libvirt reads it once more, with the MAC address it was given."""
    made = read(xml)
    if device.tag == "interface":
        xmltext.child(made, "mac").set("address", mac_of(device))
    return made


def target_of(disk: Element) -> str:
    """Return a disk's device name in the guest."""
    target = disk.find("target")
    return "" if target is None else target.get("dev", "")


def bus_of(disk: Element) -> str:
    """Return a disk's bus."""
    target = disk.find("target")
    return "" if target is None else target.get("bus", "")


def mac_of(nic: Element) -> str:
    """Return a network device's address."""
    mac = nic.find("mac")
    return "" if mac is None else mac.get("address", "").lower()


def address_of(hostdev: Element) -> str:
    """Return a PCI device's address as libvirt writes it: 0000:03:00.0."""
    address = hostdev.find("source/address")
    if address is None:
        return ""
    parts = [int(address.get(key, "0"), 0) for key in ("domain", "bus", "slot")]
    function = int(address.get("function", "0"), 0)
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*parts, function)


def find_disk(devices: Element, target: str) -> Element | None:
    """Return the disk of that device name."""
    disks = devices.findall("disk")
    return next((disk for disk in disks if target_of(disk) == target), None)


def find_nic(devices: Element, mac: str) -> Element | None:
    """Return the network device of that address."""
    nics = devices.findall("interface")
    return next((nic for nic in nics if mac_of(nic) == mac), None)


def find_hostdev(devices: Element, address: str) -> Element | None:
    """Return the assigned PCI device of that address."""
    found = devices.findall("hostdev")
    return next((one for one in found if address_of(one) == address), None)


def _missing_nic(mac: str) -> Any:
    detail = (
        f"no device found at address '(<null>)' matching MAC address '{mac}' "
        "and alias '(<null>)'"
    )
    return errors.error(libvirt.VIR_ERR_DEVICE_MISSING, detail, Origin.DOMAIN)


def attach_config(devices: Element, device: Element) -> None:
    """Add a device to a definition."""
    match device.tag:
        case "disk":
            target = target_of(device)
            if find_disk(devices, target) is not None:
                raise errors.error(_INVALID, f"target {target} already exists.")
        case "interface":
            _check_mac_free(devices, device)
        case "hostdev":
            if find_hostdev(devices, address_of(device)) is not None:
                detail = "device is already in the domain configuration"
                raise errors.operation_invalid(detail)
        case _:
            raise config_unsupported("persistent attach of device is not supported")
    devices.append(device)


def attach_live(
    devices: Element, device: Element, host: FakeHost, guest: Guest
) -> None:
    """Plug a device into a running guest."""
    match device.tag:
        case "disk" if device.get("device") == "cdrom":
            update_live(devices, device, guest)
            return
        case "disk":
            _attach_disk(devices, device, guest.has_qemu)
        case "interface":
            _check_mac_free(devices, device)
            root = devices.getparent()
            os_type = "linux" if root is None else root.findtext("os/type", "linux")
            building.check_nic(device, os_type)
            if not host.has_bridge(device):
                detail = "libxenlight failed to attach network device"
                raise errors.error(_INTERNAL, detail)
        case "hostdev":
            _attach_hostdev(devices, device)
        case kind:
            raise config_unsupported(f"device type '{kind}' cannot be attached")
    devices.append(device)


def _check_mac_free(devices: Element, nic: Element) -> None:
    mac = mac_of(nic)
    if find_nic(devices, mac) is not None:
        detail = f"network device with mac {mac} already exists"
        raise errors.error(_INVALID, detail)


def _attach_disk(devices: Element, disk: Element, has_qemu: bool) -> None:
    target = target_of(disk)
    if disk.get("device") != "disk":
        detail = f"disk device type '{disk.get('device')}' cannot be hotplugged"
        raise config_unsupported(detail)
    if bus_of(disk) != "xen":
        raise config_unsupported(f"disk bus '{bus_of(disk)}' cannot be hotplugged.")
    if find_disk(devices, target) is not None:
        raise errors.error(_FAILED, f"target {target} already exists")
    source = disk.find("source")
    if source is None or not source.attrib:
        raise errors.error(_INTERNAL, "disk source path is missing")
    building.check_disk(disk)
    orphan = building.served_by_qemu(disk) and not has_qemu
    if orphan or not building.has_backend(disk):
        detail = f"libxenlight failed to attach disk '{target}'"
        raise errors.error(_INTERNAL, detail)


def _attach_hostdev(devices: Element, hostdev: Element) -> None:
    address = address_of(hostdev)
    if find_hostdev(devices, address) is not None:
        raise errors.error(_FAILED, f"target pci device {address} already exists")


def detach_config(devices: Element, device: Element) -> None:
    """Take a device out of a definition."""
    found: Element | None
    match device.tag:
        case "disk":
            found = find_disk(devices, target_of(device))
            if found is None:
                detail = f"no target device {target_of(device)}"
                raise errors.error(_INVALID, detail)
        case "interface":
            found = find_nic(devices, mac_of(device))
            if found is None:
                raise _missing_nic(mac_of(device))
        case "hostdev":
            found = find_hostdev(devices, address_of(device))
            if found is None:
                detail = "device not present in domain configuration"
                raise errors.error(_INVALID, detail)
        case _:
            raise config_unsupported("persistent detach of device is not supported")
    devices.remove(found)


def detach_live(devices: Element, device: Element, host: FakeHost) -> None:
    """Take a device out of a running guest."""
    found: Element | None
    match device.tag:
        case "disk":
            found = _disk_to_detach(devices, device, host)
        case "interface":
            found = find_nic(devices, mac_of(device))
            if found is None:
                raise _missing_nic(mac_of(device))
        case "hostdev":
            address = address_of(device)
            found = find_hostdev(devices, address)
            if found is None:
                raise errors.error(_FAILED, f"host pci device {address} not found")
        case kind:
            raise config_unsupported(f"device type '{kind}' cannot be detached")
    devices.remove(found)


def _disk_to_detach(devices: Element, disk: Element, host: FakeHost) -> Element:
    if disk.get("device") != "disk":
        detail = f"device type '{disk.get('device')}' cannot hot unplugged"
        raise config_unsupported(detail)
    if bus_of(disk) != "xen":
        detail = f"disk bus '{bus_of(disk)}' cannot be hot unplugged."
        raise config_unsupported(detail)
    found = find_disk(devices, target_of(disk))
    if found is None:
        raise errors.error(_FAILED, f"disk {target_of(disk)} not found")
    path = building.qemu_file(found)
    if path is not None and not host.exists(path):
        # QEMU never made a disk of it, and libxl waits in vain for its end.
        detail = f"libxenlight failed to detach disk '{target_of(disk)}'"
        raise errors.error(_INTERNAL, detail)
    return found


def update_config(devices: Element, device: Element) -> None:
    """Change a device of a definition: the medium of a CD drive alone."""
    if device.tag != "disk":
        raise config_unsupported("persistent update of device is not supported")
    found = find_disk(devices, target_of(device))
    if found is None:
        detail = f"target {target_of(device)} doesn't exist."
        raise errors.error(_INVALID, detail)
    if found.get("device") != "cdrom":
        raise errors.error(_INVALID, "this disk doesn't support update")
    _change_medium(found, device)


def update_live(devices: Element, device: Element, guest: Guest) -> None:
    """Change a device of a running guest: the medium of a CD drive alone."""
    if device.tag != "disk":
        raise config_unsupported(f"device type '{device.tag}' cannot be updated")
    if device.get("device") != "cdrom":
        raise config_unsupported(f"disk bus '{bus_of(device)}' cannot be updated.")
    found = find_disk(devices, target_of(device))
    if found is None or bus_of(found) != bus_of(device):
        detail = (
            f"No device with bus '{bus_of(device)}' and target '{target_of(device)}'"
        )
        raise errors.error(_INTERNAL, detail)
    if found.get("device") != "cdrom":
        detail = f"Removable media not supported for {device.get('device')} device"
        raise errors.error(_INTERNAL, detail)
    building.check_disk(device)
    if target_of(device) in guest.empty_drives:
        detail = f"libxenlight failed to change media for disk '{target_of(device)}'"
        raise errors.error(_INTERNAL, detail)
    _change_medium(found, device)


def _change_medium(drive: Element, device: Element) -> None:
    old, new = drive.find("source"), device.find("source")
    if old is not None:
        drive.remove(old)
    if new is not None:
        drive.insert(0, new)
        drive.set("type", device.get("type", "file"))
