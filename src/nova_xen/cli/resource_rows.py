# SPDX-License-Identifier: Apache-2.0
"""Columns of resources, traits and diagnostics, and the values that stand in them.

Those of diagnostics are named as Nova's API names them.
"""

from typing import TYPE_CHECKING, Any

from nova_xen.cli.cells import Pairs, Records
from nova_xen.cli.terminal import shown

if TYPE_CHECKING:
    from nova_xen.model import (
        Diagnostics,
        DiskDiagnostics,
        Inventory,
        NicDiagnostics,
    )

INVENTORY = (
    "Resource Class",
    "Total",
    "Reserved",
    "Used",
    "Allocation Ratio",
    "Min Unit",
    "Max Unit",
    "Step Size",
    "Why",
)
TRAITS = ("Trait", "Why")
DIAGNOSTICS = (
    "id",
    "name",
    "state",
    "driver",
    "hypervisor",
    "hypervisor_os",
    "uptime",
    "config_drive",
    "num_cpus",
    "num_nics",
    "num_disks",
    "cpu_time",
    "memory_details",
    "cpu_details",
    "nic_details",
    "disk_details",
)


def inventory(found: "Inventory") -> tuple[Any, ...]:
    """The row of :data:`INVENTORY`."""
    return (
        found.resource_class.value,
        found.total,
        found.reserved,
        found.used,
        found.allocation_ratio,
        found.min_unit,
        found.max_unit,
        found.step_size,
        shown(found.why),
    )


def diagnostics(found: "Diagnostics") -> tuple[Any, ...]:
    """The values of :data:`DIAGNOSTICS`."""
    return (
        found.uuid,
        shown(found.name),
        found.state.value,
        found.driver,
        found.hypervisor,
        found.hypervisor_os,
        found.uptime,
        found.config_drive,
        len(found.cpus),
        len(found.nics),
        len(found.disks),
        found.cpu_time,
        Pairs({"maximum": found.memory_maximum, "used": found.memory_used}),
        Records([vars(cpu) for cpu in found.cpus]),
        Records([_nic(nic) for nic in found.nics]),
        Records([_disk(disk) for disk in found.disks]),
    )


def _nic(nic: "NicDiagnostics") -> dict[str, Any]:
    return {"mac_address": nic.mac, **vars(nic.counters), "why": nic.why or None}


def _disk(disk: "DiskDiagnostics") -> dict[str, Any]:
    counters = disk.counters
    return {
        "target": disk.target,
        "read_bytes": counters.read_bytes,
        "read_requests": counters.read_requests,
        "write_bytes": counters.write_bytes,
        "write_requests": counters.write_requests,
        "errors_count": counters.errors,
        "why": disk.why or None,
    }
