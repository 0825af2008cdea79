# SPDX-License-Identifier: Apache-2.0
"""Every error of the package, each a sentence a person can act on.

    NovaXenError
    ├── InvalidRequest          what was asked for cannot be had anywhere
    │   ├── InvalidName, InvalidProperty, InvalidNic, …
    ├── HostCannot              this host lacks what the request needs
    │   ├── ModeNotOffered, BridgeNotFound, NotEnoughMemory, …
    ├── ImageRejected, ImageUnavailable, ImageUnchecked   the bytes of an image
    ├── MigrationFailed, …      a server could not be moved to another host
    ├── ServerError             an operation on a server failed
    └── HypervisorError         libvirt, libxl or the host failed

A message says what, which server, why, and what to do. ``server`` in a template is
the name the user gave. Nothing secret ever goes into a message.
"""

from nova_xen.exceptions.base import (
    NovaXenError,
)
from nova_xen.exceptions.devices import (
    DetachFailed,
    DeviceKept,
    DeviceNotFound,
    DeviceStays,
    VolumeRefused,
)
from nova_xen.exceptions.host import (
    BootFileMissing,
    BridgeNotFound,
    FormatNotServed,
    HostCannot,
    ModeNotOffered,
    NotEnoughDisk,
    NotEnoughMemory,
    NotEnoughRoom,
    SpaceUnknown,
    TooManyVcpus,
)
from nova_xen.exceptions.hypervisor import (
    DeadlineExceeded,
    DeviceModelSilent,
    HypervisorError,
    HypervisorUnavailable,
    NotPermitted,
    NoXen,
)
from nova_xen.exceptions.image import (
    CacheFailed,
    ImageRejected,
    ImageUnavailable,
    ImageUnchecked,
)
from nova_xen.exceptions.injection import (
    InjectionFailed,
    InjectionRefused,
    InjectionTimeout,
    InjectionUnavailable,
)
from nova_xen.exceptions.migration import (
    DestinationUnreachable,
    HostNotConcerned,
    HostNotLost,
    MigrationAborted,
    MigrationFailed,
    MigrationNotFound,
    MigrationRefused,
    MigrationTooLate,
    MigrationUndecided,
    PeerUnreachable,
    SocketsUnavailable,
    ToolstackFailed,
)
from nova_xen.exceptions.request import (
    BusNotPossible,
    FlavorTooSmall,
    InvalidConfig,
    InvalidExtraSpec,
    InvalidName,
    InvalidNic,
    InvalidProperty,
    InvalidRequest,
    NotOurs,
    RulesBroken,
    ServerExists,
    ServerNotFound,
    TooManyDisks,
    WrongState,
)
from nova_xen.exceptions.server import (
    ConsoleUnavailable,
    DeleteFailed,
    DumpRefused,
    FileMissing,
    SaveFolderFailed,
    ServerBusy,
    StepFailed,
    ToolFailed,
)

__all__ = [
    "BootFileMissing",
    "BridgeNotFound",
    "BusNotPossible",
    "CacheFailed",
    "ConsoleUnavailable",
    "DeadlineExceeded",
    "DeleteFailed",
    "DestinationUnreachable",
    "DetachFailed",
    "DeviceKept",
    "DeviceModelSilent",
    "DeviceNotFound",
    "DeviceStays",
    "DumpRefused",
    "FileMissing",
    "FlavorTooSmall",
    "FormatNotServed",
    "HostCannot",
    "HostNotConcerned",
    "HostNotLost",
    "HypervisorError",
    "HypervisorUnavailable",
    "ImageRejected",
    "ImageUnavailable",
    "ImageUnchecked",
    "InjectionFailed",
    "InjectionRefused",
    "InjectionTimeout",
    "InjectionUnavailable",
    "InvalidConfig",
    "InvalidExtraSpec",
    "InvalidName",
    "InvalidNic",
    "InvalidProperty",
    "InvalidRequest",
    "MigrationAborted",
    "MigrationFailed",
    "MigrationNotFound",
    "MigrationRefused",
    "MigrationTooLate",
    "MigrationUndecided",
    "ModeNotOffered",
    "NoXen",
    "NotEnoughDisk",
    "NotEnoughMemory",
    "NotEnoughRoom",
    "NotOurs",
    "NotPermitted",
    "NovaXenError",
    "PeerUnreachable",
    "RulesBroken",
    "SaveFolderFailed",
    "ServerBusy",
    "ServerExists",
    "ServerNotFound",
    "SocketsUnavailable",
    "SpaceUnknown",
    "StepFailed",
    "TooManyDisks",
    "TooManyVcpus",
    "ToolFailed",
    "ToolstackFailed",
    "VolumeRefused",
    "WrongState",
]
