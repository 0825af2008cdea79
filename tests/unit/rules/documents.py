# SPDX-License-Identifier: Apache-2.0
"""Documents that break no rule, and ways to change them."""

import dataclasses
from typing import Any

from golden.builders import HVM, PV, PVH, iso, nic, plan
from nova_xen.domain import (
    DiskDevice,
    DiskType,
    Domain,
)

PV_GUEST = plan(PV, nics=(nic(),)).domain
PVH_GUEST = plan(PVH, nics=(nic(),)).domain
HVM_GUEST = plan(HVM, nics=(nic(),)).domain
DISC_GUEST = plan(image=iso(HVM)).domain


@dataclasses.dataclass(frozen=True)
class Breach:
    """A document, the one rule it breaks, and what is said of it."""

    rule: str
    domain: Domain
    sentence: str


def with_os(domain: Domain, **changes: Any) -> Domain:
    return dataclasses.replace(domain, os=dataclasses.replace(domain.os, **changes))


def with_devices(domain: Domain, **changes: Any) -> Domain:
    devices = dataclasses.replace(domain.devices, **changes)
    return dataclasses.replace(domain, devices=devices)


def with_disk(domain: Domain, index: int = 0, **changes: Any) -> Domain:
    disks = list(domain.devices.disks)
    disks[index] = dataclasses.replace(disks[index], **changes)
    return with_devices(domain, disks=tuple(disks))


def with_second_disk(domain: Domain, **changes: Any) -> Domain:
    first = domain.devices.disks[0]
    changes = {"target_dev": "xvdb", "source_file": "/srv/b", **changes}
    return with_devices(domain, disks=(first, dataclasses.replace(first, **changes)))


def with_nic(domain: Domain, **changes: Any) -> Domain:
    changed = dataclasses.replace(domain.devices.interfaces[0], **changes)
    return with_devices(domain, interfaces=(changed,))


def with_(domain: Domain, **changes: Any) -> Domain:
    return dataclasses.replace(domain, **changes)


EMPTY_CDROM = with_disk(DISC_GUEST, 1, source_file=None)
BLOCK_DISK = with_disk(
    PV_GUEST,
    type=DiskType.BLOCK,
    device=DiskDevice.DISK,
    driver_name="phy",
    driver_type="raw",
    source_file=None,
    source_dev="/dev/vg/root",
)
READONLY_PV_DISK = with_disk(PV_GUEST, readonly=True)
FIFTH_READONLY = with_second_disk(
    HVM_GUEST, target_dev="xvde", target_bus="xen", readonly=True
)
CLEAN = [
    PV_GUEST,
    PVH_GUEST,
    HVM_GUEST,
    DISC_GUEST,
    EMPTY_CDROM,
    BLOCK_DISK,
    READONLY_PV_DISK,
    FIFTH_READONLY,
]
