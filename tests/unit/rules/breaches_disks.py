# SPDX-License-Identifier: Apache-2.0
"""Disks: documents that break one rule each."""

from nova_xen.domain import DiskType
from unit.rules.documents import (
    DISC_GUEST,
    HVM_GUEST,
    PV_GUEST,
    Breach,
    with_disk,
    with_second_disk,
)

BREACHES = [
    Breach(
        "XEN010",
        with_disk(PV_GUEST, target_dev="vda", target_bus="virtio"),
        "disk vda of a pv guest is on the bus virtio, possible is xen",
    ),
    Breach(
        "XEN010",
        with_disk(DISC_GUEST, 1, target_dev="sdb", target_bus="scsi"),
        "cdrom sdb of a hvm guest is on the bus scsi, possible is ide or xen",
    ),
    Breach(
        "XEN011",
        with_disk(PV_GUEST, target_dev="hda"),
        "hda is no disk name on the bus xen",
    ),
    Breach(
        "XEN011",
        with_disk(HVM_GUEST, target_dev="sdh", target_bus="scsi"),
        "sdh is no disk name on the bus scsi",
    ),
    Breach(
        "XEN012",
        with_second_disk(HVM_GUEST, target_dev="xvda", target_bus="xen"),
        "disks hda and xvda are in one place",
    ),
    Breach(
        "XEN012",
        with_second_disk(HVM_GUEST, target_dev="sda", target_bus="scsi"),
        "disks hda and sda are in one place",
    ),
    Breach(
        "XEN013",
        with_disk(PV_GUEST, driver_type="vpc"),
        "disk xvda: the driver qemu does not serve vpc (libxl says vhd)",
    ),
    Breach(
        "XEN013",
        with_disk(PV_GUEST, driver_name=None, driver_type=None),
        "disk xvda names no driver and format, so libxl would take it for raw",
    ),
    Breach(
        "XEN013",
        with_disk(PV_GUEST, driver_name="tap"),
        "disk xvda: the driver tap is not used, use qemu for files or phy for block "
        "devices",
    ),
    Breach(
        "XEN013",
        with_disk(PV_GUEST, driver_name="phy", driver_type="raw"),
        "disk xvda: the driver phy is for block devices, and this is a file",
    ),
    Breach("XEN014", with_disk(PV_GUEST, source_file=None), "disk xvda has no source"),
    Breach(
        "XEN015",
        with_second_disk(PV_GUEST, source_file=PV_GUEST.devices.disks[0].source_file),
        "disks xvda and xvdb share one file",
    ),
    Breach(
        "XEN016", with_disk(DISC_GUEST, 1, readonly=False), "cdrom hdb is not readonly"
    ),
    Breach(
        "XEN017",
        with_disk(HVM_GUEST, readonly=True),
        "disk hda is readonly, and an emulated disk cannot be",
    ),
    Breach(
        "XEN018",
        with_disk(
            DISC_GUEST,
            1,
            type=DiskType.BLOCK,
            driver_name="phy",
            source_file=None,
            source_dev="/dev/sr0",
        ),
        "cdrom hdb of an HVM guest needs the driver qemu",
    ),
]
