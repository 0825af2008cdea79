# SPDX-License-Identifier: Apache-2.0
"""A server of each mode with three disks and two interfaces, and a host for it."""

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
    PlanOptions,
)

UUID = "6c5a4a5e-59a4-4f4f-9d8a-6c3f0e1f7c11"
IMAGE_UUID = "0f0a4dbf-5a3c-4f3a-8a54-2a3cf1c2f0b7"

#: the image properties that ask for each mode
MODE_PROPERTIES = {
    GuestMode.PV: {"vm_mode": "xen"},
    GuestMode.HVM: {"vm_mode": "hvm"},
    GuestMode.PVH: {"hw_machine_type": "xenpvh"},
}

OPTIONS = PlanOptions(instances_path="/var/lib/nova-xen/instances")

HOST = HostFacts(
    hostname="xen1",
    arch="x86_64",
    xen_version=4_017_000,
    libvirt_version=9_000_000,
    modes={
        GuestMode.PV: ModeFacts(os_type="xen", machine="xenpv", max_vcpus=512),
        GuestMode.HVM: ModeFacts(os_type="hvm", machine="xenfv", max_vcpus=128),
        GuestMode.PVH: ModeFacts(os_type="xenpvh", machine="xenpvh", max_vcpus=128),
    },
    cpus=16,
    memory_mib=65536,
    free_memory_mib=60000,
    scheduler="credit2",
    bridges={name: BridgeFacts(name=name, mtu=1500) for name in ("br0", "br1")},
    boot_files=BootFiles(
        hvmloader="/usr/lib/xen-4.17/boot/hvmloader",
        pvgrub="/usr/lib/grub-xen/grub-x86_64-xen.bin",
        pvhgrub="/usr/lib/grub-xen/grub-i386-xen_pvh.bin",
    ),
    console_log_dir="/var/log/xen/console",
)

FLAVOR = Flavor(
    name="m1.small",
    vcpus=4,
    memory_mib=4096,
    root_gib=20,
    ephemeral_gib=10,
    swap_mib=512,
    extra_specs={"quota:cpu_shares": "512"},
)


def instance(mode: GuestMode) -> Instance:
    """A server whose document has every device that ``mode`` gives by default."""
    return Instance(
        name="web1",
        uuid=UUID,
        image=Image(
            path="/var/lib/images/debian.qcow2",
            disk_format=DiskFormat.QCOW2,
            virtual_size=2 * GIB,
            id=IMAGE_UUID,
            min_disk=2,
            min_ram=512,
            properties={**MODE_PROPERTIES[mode], "os_distro": "debian"},
        ),
        flavor=FLAVOR,
        nics=(
            Nic(bridge="br0", mac="00:16:3e:00:00:01"),
            Nic(bridge="br1", mac="00:16:3e:00:00:02"),
        ),
        creation_time="2000-01-01 00:00:00",
    )
