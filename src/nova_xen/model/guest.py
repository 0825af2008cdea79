# SPDX-License-Identifier: Apache-2.0
"""Words of Xen and of images, as enums."""

import enum


class GuestMode(enum.StrEnum):
    """The kinds of guest that Xen runs."""

    PV = "pv"
    HVM = "hvm"
    PVH = "pvh"


class DiskFormat(enum.StrEnum):
    """The disk formats Xen's device model serves, by libxl's words."""

    RAW = "raw"
    QCOW2 = "qcow2"
    VHD = "vhd"

    @property
    def qemu_img(self) -> str:
        """The word of qemu-img, which says vpc for vhd."""
        return "vpc" if self is DiskFormat.VHD else self.value


class VhdSubformat(enum.StrEnum):
    """Kinds of VHD that are made; a fixed one has its whole size from the start."""

    DYNAMIC = "dynamic"
    FIXED = "fixed"


class DiskBus(enum.StrEnum):
    """Where a disk is plugged in."""

    XEN = "xen"
    IDE = "ide"
    SCSI = "scsi"


class DiskKind(enum.StrEnum):
    """What a disk of a server is for; the value is its file's name."""

    ROOT = "disk"
    EPHEMERAL = "disk.eph0"
    SWAP = "disk.swap"
    CONFIG = "disk.config"
    CDROM = "disk.iso"


class NicModel(enum.StrEnum):
    """Network cards; all but netfront are emulated, for HVM alone."""

    NETFRONT = "netfront"
    E1000 = "e1000"
    RTL8139 = "rtl8139"
    NE2K_PCI = "ne2k_pci"
    PCNET = "pcnet"


class PowerState(enum.StrEnum):
    """What a server is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    CRASHED = "crashed"
    UNKNOWN = "unknown"
