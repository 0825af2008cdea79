# SPDX-License-Identifier: Apache-2.0
"""What is asked for and what is known, as frozen dataclasses without I/O."""

from nova_xen.model.cache import (
    CachedImage,
    CacheKind,
    Removal,
    Scrubbed,
    ScrubResult,
)
from nova_xen.model.checksum import Checksum, HashAlgorithm
from nova_xen.model.guest import (
    DiskBus,
    DiskFormat,
    DiskKind,
    GuestMode,
    NicModel,
    PowerState,
    VhdSubformat,
)
from nova_xen.model.host import BootFiles, BridgeFacts, HostFacts, ModeFacts
from nova_xen.model.migration import (
    MigrateFlag,
    MigrationKind,
    MigrationOptions,
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    MigrationSample,
    MigrationState,
    TimeoutAction,
)
from nova_xen.model.moving import (
    CpuComparison,
    Inquiry,
    MigrationHost,
    MovingDisk,
    MovingGuest,
)
from nova_xen.model.options import ImageOptions, PlanOptions
from nova_xen.model.plan import (
    ConfigDriveFormat,
    ConfigDrivePlan,
    DiskPlan,
    FilePlan,
    InjectionPlan,
    Plan,
    Reason,
)
from nova_xen.model.recovery import RecoveryAction, RecoveryPlan, RecoveryStep
from nova_xen.model.remains import (
    GuestView,
    LibvirtView,
    MigrationJournal,
    Side,
    XenDomain,
)
from nova_xen.model.request import GIB, MIB, Flavor, Image, Instance, Nic
from nova_xen.model.server import Server, ServerDisk, ServerNic, ServerSummary
from nova_xen.model.setup import (
    Address,
    GuestSetup,
    InjectedFile,
    Interface,
    NicAddress,
)

__all__ = [
    "GIB",
    "MIB",
    "Address",
    "BootFiles",
    "BridgeFacts",
    "CacheKind",
    "CachedImage",
    "Checksum",
    "ConfigDriveFormat",
    "ConfigDrivePlan",
    "CpuComparison",
    "DiskBus",
    "DiskFormat",
    "DiskKind",
    "DiskPlan",
    "FilePlan",
    "Flavor",
    "GuestMode",
    "GuestSetup",
    "GuestView",
    "HashAlgorithm",
    "HostFacts",
    "Image",
    "ImageOptions",
    "InjectedFile",
    "InjectionPlan",
    "Inquiry",
    "Instance",
    "Interface",
    "LibvirtView",
    "MigrateFlag",
    "MigrationHost",
    "MigrationJournal",
    "MigrationKind",
    "MigrationOptions",
    "MigrationProgress",
    "MigrationRecord",
    "MigrationRequest",
    "MigrationSample",
    "MigrationState",
    "ModeFacts",
    "MovingDisk",
    "MovingGuest",
    "Nic",
    "NicAddress",
    "NicModel",
    "Plan",
    "PlanOptions",
    "PowerState",
    "Reason",
    "RecoveryAction",
    "RecoveryPlan",
    "RecoveryStep",
    "Removal",
    "ScrubResult",
    "Scrubbed",
    "Server",
    "ServerDisk",
    "ServerNic",
    "ServerSummary",
    "Side",
    "TimeoutAction",
    "VhdSubformat",
    "XenDomain",
]
