# SPDX-License-Identifier: Apache-2.0
"""Plain requests and hosts, of which a test changes what it is about."""

import dataclasses
from typing import Any

from nova_xen.model import (
    GIB,
    BootFiles,
    BridgeFacts,
    DiskFormat,
    Flavor,
    GuestMode,
    HostFacts,
    Image,
    Instance,
    ModeFacts,
    Nic,
    Plan,
    PlanOptions,
)
from nova_xen.planning import make_plan

UUID = "6f2a7c1e-3b5d-4e8f-9a01-2b3c4d5e6f70"
FOLDER = f"/var/lib/nova/instances/{UUID}"
VIDEO = ("vga", "cirrus", "xen")

MODES = {
    GuestMode.PV: ModeFacts(
        os_type="xen",
        machine="xenpv",
        max_vcpus=512,
        video_models=VIDEO,
        graphics=("vnc",),
    ),
    GuestMode.HVM: ModeFacts(
        os_type="hvm",
        machine="xenfv",
        max_vcpus=128,
        video_models=VIDEO,
        graphics=("vnc",),
        features=("acpi", "apic", "pae"),
    ),
    GuestMode.PVH: ModeFacts(
        os_type="xenpvh",
        machine="xenpvh",
        max_vcpus=512,
        video_models=VIDEO,
        graphics=("vnc",),
    ),
}
BOOT_FILES = BootFiles(
    hvmloader="/usr/lib/xen-4.17/boot/hvmloader",
    ovmf="/usr/share/ovmf/OVMF.fd",
    pvgrub="/usr/lib/grub-xen/grub-x86_64-xen.bin",
    pvhgrub="/usr/lib/grub-xen/grub-i386-xen_pvh.bin",
    pygrub="/usr/lib/xen-4.17/bin/pygrub",
)
HOST = HostFacts(
    hostname="xen1",
    arch="x86_64",
    xen_version=4_017_000,
    libvirt_version=9_000_000,
    modes=MODES,
    cpus=8,
    memory_mib=65536,
    free_memory_mib=32768,
    scheduler="credit2",
    bridges={
        "br0": BridgeFacts(name="br0", mtu=1500),
        "br-big": BridgeFacts(name="br-big", mtu=9000),
        "br-int": BridgeFacts(name="br-int", mtu=1500, openvswitch=True),
    },
    boot_files=BOOT_FILES,
    console_log_dir="/var/log/xen/console",
)
OPTIONS = PlanOptions(instances_path="/var/lib/nova/instances")
IMAGE = Image(
    path="/srv/images/debian.qcow2",
    disk_format=DiskFormat.QCOW2,
    virtual_size=2 * GIB,
)
FLAVOR = Flavor(vcpus=2, memory_mib=1024, root_gib=4, name="small")
INSTANCE = Instance(
    name="web1",
    uuid=UUID,
    image=IMAGE,
    flavor=FLAVOR,
    creation_time="2024-01-02 03:04:05",
)
MAC = "00:16:3e:11:22:33"


def host(**changes: Any) -> HostFacts:
    """The host, but with ``changes``."""
    return dataclasses.replace(HOST, **changes)


def host_with(*modes: GuestMode) -> HostFacts:
    """A host that offers these modes alone."""
    return host(modes={mode: MODES[mode] for mode in modes})


def options(**changes: Any) -> PlanOptions:
    """The operator's options, but with ``changes``."""
    return dataclasses.replace(OPTIONS, **changes)


def image(properties: dict[str, str] | None = None, **changes: Any) -> Image:
    """The image with these properties and ``changes``."""
    return dataclasses.replace(IMAGE, properties=properties or {}, **changes)


def iso(properties: dict[str, str] | None = None, **changes: Any) -> Image:
    """An installation disc."""
    values = {
        "path": "/srv/images/install.iso",
        "disk_format": DiskFormat.RAW,
        "virtual_size": 700 * 1024**2,
        "iso": True,
        **changes,
    }
    return image(properties, **values)


def flavor(extra_specs: dict[str, str] | None = None, **changes: Any) -> Flavor:
    """The flavor with these extra specs and ``changes``."""
    return dataclasses.replace(FLAVOR, extra_specs=extra_specs or {}, **changes)


def instance(properties: dict[str, str] | None = None, **changes: Any) -> Instance:
    """The server, its image with these properties, and ``changes``."""
    values = {"image": image(properties), **changes}
    return dataclasses.replace(INSTANCE, **values)


def nic(**changes: Any) -> Nic:
    """An interface on br0, but with ``changes``."""
    return Nic(**{"bridge": "br0", "mac": MAC, **changes})


def plan(
    properties: dict[str, str] | None = None,
    *,
    on: HostFacts = HOST,
    by: PlanOptions = OPTIONS,
    **changes: Any,
) -> Plan:
    """The plan for the server with these properties and ``changes``."""
    return make_plan(instance(properties, **changes), on, by, "1.0")


PV = {"vm_mode": "xen"}
HVM = {"vm_mode": "hvm"}
PVH = {"hw_machine_type": "xenpvh"}
BY_MODE = {GuestMode.PV: PV, GuestMode.HVM: HVM, GuestMode.PVH: PVH}
