# SPDX-License-Identifier: Apache-2.0
"""Devices that are plugged into servers and taken out again."""

import dataclasses
import enum

from nova_xen.model.guest import DiskFormat


@dataclasses.dataclass(frozen=True, kw_only=True)
class VolumeRequest:
    """A volume as asked for; ``format`` None takes what its bytes prove.

    ``target`` is the device's name in the guest, such as xvdb; None takes a free one.
    """

    path: str
    format: DiskFormat | None = None
    target: str | None = None
    readonly: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Volume:
    """A file or block device of this host that may become a disk.

    ``identity`` is the same under all its names; ``real_path`` has no links in it.
    """

    path: str
    real_path: str
    identity: str
    block: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiskUse:
    """A domain of this host, of whoever, whose document names a file.

    ``below`` tells that another disk lies upon the file, as an overlay does;
    ``identity`` is None when the file is not there. ``now`` is a document of what
    runs, else it is the one of the next start.
    """

    server: str
    uuid: str
    target: str
    path: str
    identity: str | None
    readonly: bool
    now: bool
    below: bool = False


@dataclasses.dataclass(frozen=True)
class Where:
    """Which of a server's two documents: what runs now, what starts next time."""

    live: bool
    config: bool

    def __bool__(self) -> bool:
        return self.live or self.config


class DeviceKind(enum.StrEnum):
    """What can be plugged in and taken out."""

    DISK = "disk"
    CDROM = "cdrom"
    NETWORK = "network"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceChange:
    """A device that was plugged in.

    ``device`` is a disk's name or an interface's MAC address, ``source`` its path or
    bridge, ``type`` its format or card, ``where`` the documents that have it now.
    ``connected`` tells that the guest's driver has taken it; None when it is not on, or
    when that could not be asked.
    """

    kind: DeviceKind
    device: str
    source: str
    type: str
    where: Where
    connected: bool | None = None
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PluggedDevice:
    """A device that a server has, or is to have from its next start on.

    ``address`` is where the guest has it on Xen's bus, empty where that is not known.
    """

    kind: DeviceKind
    device: str
    source: str
    type: str
    where: Where
    bus: str = ""
    address: str = ""
    readonly: bool = False


class FrontendState(enum.Enum):
    """What both sides of a device make of it."""

    CONNECTED = "connected"
    #: the host's side is ready, and the guest's driver has not come
    WAITING = "waiting"
    #: the host's side is not ready, as when QEMU could not open an image
    UNSERVED = "unserved"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Frontend:
    """Both sides of a device in xenstore, by Xen's numbers (xen/io/xenbus.h).

    None where there is no such node.
    """

    guest: int | None
    host: int | None
