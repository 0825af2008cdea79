# SPDX-License-Identifier: Apache-2.0
"""Documents that break exactly one rule each, and the sentence each gives."""

import dataclasses
from typing import Any

from golden.builders import HVM, PV, PVH, iso, nic, plan
from nova_xen.domain import (
    Clock,
    Console,
    DiskDevice,
    DiskType,
    Domain,
    Features,
    Graphics,
    Input,
    Interface,
    Memballoon,
    Serial,
    Video,
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


TWIN = Interface(mac="00:16:3e:11:22:33", bridge="br0", model="netfront")
BREACHES = [
    Breach(
        "XEN001",
        with_(PV_GUEST, type="kvm"),
        "the domain type is kvm, and libxl runs xen only",
    ),
    Breach(
        "XEN002",
        with_os(PV_GUEST, machine="pc"),
        "the machine of a pv guest is xenpv, not pc",
    ),
    Breach(
        "XEN003",
        with_os(PV_GUEST, kernel=None),
        "a PV guest needs a kernel or a boot loader",
    ),
    Breach(
        "XEN004",
        with_os(PVH_GUEST, kernel=None),
        "a PVH guest needs a kernel or a boot loader",
    ),
    Breach(
        "XEN005",
        with_os(PV_GUEST, loader="/usr/lib/xen/boot/hvmloader"),
        "a pv guest has no firmware, so no loader or boot order",
    ),
    Breach(
        "XEN006",
        with_os(HVM_GUEST, cmdline="quiet"),
        "a command line or ramdisk needs a kernel",
    ),
    Breach(
        "XEN007",
        with_(HVM_GUEST, bootloader="/usr/bin/pygrub"),
        "a boot loader stands beside a kernel or firmware; choose one",
    ),
    Breach(
        "XEN008", with_os(PV_GUEST, kernel="vmlinuz"), "vmlinuz is not an absolute path"
    ),
    Breach(
        "XEN009",
        with_(PV_GUEST, features=Features(acpi=True)),
        "a pv guest has no pae, acpi or apic feature",
    ),
    Breach(
        "XEN010",
        with_disk(PV_GUEST, target_dev="vda", target_bus="virtio"),
        "disk vda of a pv guest is on the bus virtio, possible is xen",
    ),
    Breach(
        "XEN011",
        with_disk(PV_GUEST, target_dev="hda"),
        "hda is no disk name on the bus xen",
    ),
    Breach(
        "XEN012",
        with_second_disk(HVM_GUEST, target_dev="xvda", target_bus="xen"),
        "disks hda and xvda are in one place",
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
    Breach(
        "XEN020",
        with_nic(PV_GUEST, bridge=""),
        "interface 00:16:3e:11:22:33 is not on a bridge",
    ),
    Breach(
        "XEN021",
        with_nic(PV_GUEST, model="e1000"),
        "interface 00:16:3e:11:22:33: a pv guest has no card e1000",
    ),
    Breach(
        "XEN022",
        with_nic(PV_GUEST, mac=None),
        "interface on br0: None is no unicast MAC address",
    ),
    Breach(
        "XEN022",
        with_devices(PV_GUEST, interfaces=(TWIN, TWIN)),
        "two interfaces have the MAC address 00:16:3e:11:22:33",
    ),
    Breach(
        "XEN023",
        with_nic(HVM_GUEST, target_dev="tap12345678-90"),
        "interface name tap12345678-90 is longer than 11 bytes",
    ),
    Breach(
        "XEN023",
        with_nic(PV_GUEST, target_dev="vif1.0"),
        "interface name vif1.0 begins with vif, which is Xen's own",
    ),
    Breach(
        "XEN030",
        with_devices(PV_GUEST, consoles=(Console(type="pty", target_type="virtio"),)),
        "the console is virtio, and a PV(H) guest has xen only",
    ),
    Breach(
        "XEN031",
        with_devices(PV_GUEST, serials=(Serial(type="pty", target_port=0),)),
        "a pv guest has no serial port",
    ),
    Breach(
        "XEN031",
        with_devices(HVM_GUEST, serials=(Serial(type="file", source_path="log"),)),
        "a serial port into a file needs its absolute path",
    ),
    Breach(
        "XEN032",
        with_devices(PV_GUEST, graphics=(Graphics(type="sdl"),)),
        "graphics of type sdl are not served, use vnc",
    ),
    Breach(
        "XEN032",
        with_devices(PV_GUEST, graphics=(Graphics(), Graphics())),
        "libxl gives a guest one screen",
    ),
    Breach(
        "XEN032",
        with_devices(PV_GUEST, graphics=(Graphics(passwd="123456789"),)),
        "a VNC password has 8 characters at most",
    ),
    Breach(
        "XEN033",
        with_devices(PV_GUEST, videos=(Video(model="vga"),)),
        "a pv guest has the video model xen only",
    ),
    Breach(
        "XEN033",
        with_devices(HVM_GUEST, videos=(Video(model="qxl"),)),
        "the video model qxl is not served by libxl",
    ),
    Breach(
        "XEN033",
        with_devices(HVM_GUEST, videos=(Video(model="cirrus", vram=32768),)),
        "the video model cirrus takes 8192 to 16384 KiB, not 32768",
    ),
    Breach(
        "XEN034",
        with_devices(PV_GUEST, inputs=(Input(type="tablet", bus="usb"),)),
        "a pv guest has no USB, so no tablet on it",
    ),
    Breach(
        "XEN034",
        with_devices(HVM_GUEST, inputs=(Input(type="keyboard", bus="usb"),)),
        "libxl has no keyboard on USB",
    ),
    Breach(
        "XEN040",
        with_(PV_GUEST, memory=1025, current_memory=1025),
        "1025 KiB of memory is not a whole number of MiB",
    ),
    Breach(
        "XEN041",
        with_(PV_GUEST, memory=2048, current_memory=1024),
        "current memory of 1024 KiB differs from the maximum of 2048 KiB; a guest "
        "without a balloon driver would crash",
    ),
    Breach(
        "XEN042",
        with_devices(PV_GUEST, memballoon=Memballoon(model="virtio")),
        "the balloon model is virtio, and libxl has xen only",
    ),
    Breach("XEN043", with_(PV_GUEST, vcpus=0), "0 vCPUs are too few"),
    Breach(
        "XEN044",
        with_(PV_GUEST, shares=65536),
        "a scheduler weight of 65536 is outside 1 to 65535",
    ),
    Breach(
        "XEN045",
        with_(PV_GUEST, clock=Clock(offset="timezone")),
        "the clock offset timezone is neither utc nor localtime",
    ),
    Breach(
        "XEN050",
        with_(PV_GUEST, name="../x"),
        "'../x' is no valid name for a domain",
    ),
    Breach("XEN051", with_(PV_GUEST, uuid="7"), "'7' is no UUID"),
    Breach(
        "XEN051",
        with_(PV_GUEST, uuid="00000000-0000-0000-0000-000000000000"),
        "the all-zero UUID belongs to Domain-0",
    ),
]
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
