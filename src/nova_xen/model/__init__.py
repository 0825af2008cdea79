# SPDX-License-Identifier: Apache-2.0
"""What is asked for and what is known, as frozen dataclasses without I/O."""

from nova_xen.model.guest import (
    DiskBus,
    DiskFormat,
    DiskKind,
    GuestMode,
    NicModel,
    PowerState,
)
from nova_xen.model.host import BootFiles, BridgeFacts, HostFacts, ModeFacts
from nova_xen.model.options import PlanOptions
from nova_xen.model.plan import DiskPlan, FilePlan, Plan, Reason
from nova_xen.model.request import GIB, MIB, Flavor, Image, Instance, Nic
from nova_xen.model.server import Server, ServerDisk, ServerNic, ServerSummary

__all__ = [
    "GIB",
    "MIB",
    "BootFiles",
    "BridgeFacts",
    "DiskBus",
    "DiskFormat",
    "DiskKind",
    "DiskPlan",
    "FilePlan",
    "Flavor",
    "GuestMode",
    "HostFacts",
    "Image",
    "Instance",
    "ModeFacts",
    "Nic",
    "NicModel",
    "Plan",
    "PlanOptions",
    "PowerState",
    "Reason",
    "Server",
    "ServerDisk",
    "ServerNic",
    "ServerSummary",
]
