# SPDX-License-Identifier: Apache-2.0
"""What is known of a guest before it moves, read from its document and its files."""

import os

from nova_xen.domain import Disk, DiskType, Domain
from nova_xen.domain.tree import Node, fromstring, tostring
from nova_xen.hypervisor import Guest
from nova_xen.images import disk_files
from nova_xen.model import DiskFormat, MovingDisk, MovingGuest, PowerState
from nova_xen.operations.host import Host
from nova_xen.rules import mode_of

_KIB_PER_MIB = 1024


def moving_guest(host: Host, guest: Guest, domain: Domain) -> MovingGuest:
    """Everything the checks ask about the guest; three round trips.

    :raises FileMissing: a disk, or what it is an overlay of, is not there
    """
    return MovingGuest(
        uuid=guest.uuid,
        name=guest.name,
        mode=mode_of(domain),
        running=guest.state() is PowerState.RUNNING,
        memory_mib=-(-domain.memory // _KIB_PER_MIB),
        vcpus=domain.vcpus,
        disks=tuple(
            _disk(disk, guest.name)
            for disk in domain.devices.disks
            if disk.source is not None
        ),
        bridges=_bridges(domain),
        files=_boot_files(domain),
        passthrough=host_devices(guest.xml()),
        cpu=host_cpu(host),
    )


def _disk(disk: Disk, server: str) -> MovingDisk:
    source = disk.source or ""
    return MovingDisk(
        target=disk.target_dev,
        format=DiskFormat(disk.driver_type or DiskFormat.RAW),
        files=disk_files(source, disk.driver_type, server),
        block=disk.type is DiskType.BLOCK,
    )


def _bridges(domain: Domain) -> tuple[str, ...]:
    named = (nic.bridge for nic in domain.devices.interfaces)
    return tuple(dict.fromkeys(bridge for bridge in named if bridge))


def _boot_files(domain: Domain) -> tuple[str, ...]:
    """Paths alone: hvmloader's bare name is looked for by libxl itself."""
    named = (domain.os.kernel, domain.os.initrd, domain.os.loader, domain.bootloader)
    return tuple(path for path in named if path and os.path.isabs(path))


def host_devices(document: str) -> tuple[str, ...]:
    """Names of devices of the host that the guest has, which bind it to the host."""
    found = fromstring(document).findall("devices/hostdev")
    inside = [device.find("source/address") for device in found]
    return tuple(
        "PCI device" if address is None else _pci(address) for address in inside
    )


def _pci(address: Node) -> str:
    numbers = [
        int(str(address.get(name, "0")), 0)
        for name in ("domain", "bus", "slot", "function")
    ]
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers)


def host_cpu(host: Host) -> str:
    """The ``<cpu>`` of this host, for the other one's compareCPU; '' if it has none."""
    capabilities = host.connection.call(
        "getCapabilities", doing="reading the host's processor"
    )
    node = fromstring(capabilities).find("host/cpu")
    return "" if node is None else tostring(node)


def storage_folders(guest: MovingGuest) -> tuple[str, ...]:
    """The folders whose being shared must be proved: of disks and their bases."""
    paths = [path for disk in guest.disks if not disk.block for path in disk.files]
    return tuple(dict.fromkeys(os.path.dirname(path) for path in paths))
