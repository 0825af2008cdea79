# SPDX-License-Identifier: Apache-2.0
"""What a server has plugged in, told of both its documents at once."""

from collections.abc import Iterator

from nova_xen.domain import Disk, DiskDevice
from nova_xen.model import DeviceKind, DiskBus, PluggedDevice
from nova_xen.planning.attached import Device, Documents, Found, Match, of_interface
from nova_xen.planning.frontends import vbd_number


def plugged_devices(documents: Documents) -> tuple[PluggedDevice, ...]:
    """Disks and interfaces, those of now first.

    A disk with another source at the next start is told twice.
    """
    found = (*_disks(documents), *_interfaces(documents))
    return tuple(_told(each.device, each) for each in found if each.device)


def _disks(documents: Documents) -> Iterator[Found]:
    seen = dict.fromkeys((disk.target_dev, disk.source) for disk in documents.disks)
    for target, source in seen:
        yield documents.find(_exactly(target, source))


def _exactly(target: str, source: str | None) -> Match:
    def match(device: Device) -> bool:
        return isinstance(device, Disk) and (
            (device.target_dev, device.source) == (target, source)
        )

    return match


def _interfaces(documents: Documents) -> Iterator[Found]:
    seen = dict.fromkeys((nic.mac or "").lower() for nic in documents.interfaces)
    for mac in seen:
        yield documents.find(of_interface(mac))


def _told(device: Device, found: Found) -> PluggedDevice:
    if not isinstance(device, Disk):
        return PluggedDevice(
            kind=DeviceKind.NETWORK,
            device=(device.mac or "").lower(),
            source=device.bridge or "",
            type=device.model or "default",
            where=found.where,
        )
    cdrom = device.device is DiskDevice.CDROM
    return PluggedDevice(
        kind=DeviceKind.CDROM if cdrom else DeviceKind.DISK,
        device=device.target_dev,
        source=device.source or "",
        type=device.driver_type or "raw",
        bus=device.target_bus,
        address=_address(device),
        readonly=device.readonly,
        where=found.where,
    )


def _address(disk: Disk) -> str:
    """The name that Linux has for it in /sys/bus/xen/devices; libvirt has none."""
    if disk.target_bus != DiskBus.XEN:
        return ""
    try:
        return f"vbd-{vbd_number(disk.target_dev)}"
    except ValueError:
        return ""
