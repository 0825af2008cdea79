# SPDX-License-Identifier: Apache-2.0
"""Typed elements of libvirt's domain XML, read and written alike."""

from nova_xen.domain.character import Console, Serial
from nova_xen.domain.disk import Disk, DiskDevice, DiskType
from nova_xen.domain.display import Graphics, Input, Video
from nova_xen.domain.domain import Devices, Domain, format_domain, parse_domain
from nova_xen.domain.holding import HeldDisk, Holding, parse_holding
from nova_xen.domain.interface import Interface
from nova_xen.domain.metadata import (
    NOVA_NS,
    ExtraSpec,
    NovaFlavor,
    NovaImage,
    NovaInstance,
    NovaOwner,
    NovaProject,
    NovaUser,
    Property,
)
from nova_xen.domain.platform import (
    BootDevice,
    Clock,
    Features,
    Memballoon,
    Os,
    OsType,
    VcpuPin,
)

__all__ = [
    "NOVA_NS",
    "BootDevice",
    "Clock",
    "Console",
    "Devices",
    "Disk",
    "DiskDevice",
    "DiskType",
    "Domain",
    "ExtraSpec",
    "Features",
    "Graphics",
    "HeldDisk",
    "Holding",
    "Input",
    "Interface",
    "Memballoon",
    "NovaFlavor",
    "NovaImage",
    "NovaInstance",
    "NovaOwner",
    "NovaProject",
    "NovaUser",
    "Os",
    "OsType",
    "Property",
    "Serial",
    "VcpuPin",
    "Video",
    "format_domain",
    "parse_domain",
    "parse_holding",
]
