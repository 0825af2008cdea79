# SPDX-License-Identifier: Apache-2.0
"""What a server has plugged in, told of both its documents at once."""

from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice
from nova_xen.model import DeviceKind, DiskBus, PluggedDevice
from nova_xen.planning.attached import Device, Documents, Found, Match, of_interface
from nova_xen.planning.frontends import vbd_number

_WORDS = {
    DeviceKind.DISK: "disk",
    DeviceKind.CDROM: "CD drive",
    DeviceKind.NETWORK: "network interface",
}
_COMMANDS = {DeviceKind.DISK: "volume", DeviceKind.NETWORK: "network"}


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


def check_alike(server: str, documents: Documents) -> None:
    """Refuse to suspend a server that has other devices now than at its next start.

    Its saved memory would know a device that neither definition has, and another server
    could be given its file meanwhile.

    :raises WrongState: naming the first one
    """
    if documents.live is None:
        return
    for device in plugged_devices(documents):
        if not (device.where.live and device.where.config):
            raise exceptions.WrongState(
                server=server,
                action="suspended",
                state=_unlike(device),
                advice=_even(server, device),
            )


def _unlike(device: PluggedDevice) -> str:
    has, other = ("with", "has not") if device.where.live else ("without", "has")
    word = f"{_WORDS[device.kind]} {device.device}"
    if device.kind is DeviceKind.CDROM:
        held = f"holding {device.source}" if device.source else "empty"
        word = f"{word} {held}"
    return f"running {has} its {word}, which its next start {other}"


def _even(server: str, device: PluggedDevice) -> str:
    if device.kind is DeviceKind.CDROM:
        return f"change its medium first ('nova-xen server change cdrom {server}')"
    kind = _COMMANDS[device.kind]
    remove = f"'nova-xen server remove {kind} {server} {device.device}'"
    if device.where.live:
        how = "add it to the next start too ('virsh attach-device --config')"
    else:
        how = "stop the server and start it with it"
    return f"remove it first ({remove}), or {how}"
