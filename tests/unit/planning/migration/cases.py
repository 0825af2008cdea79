# SPDX-License-Identifier: Apache-2.0
"""A server that can migrate, and two hosts it can migrate between."""

from nova_xen.model import (
    CpuComparison,
    DiskFormat,
    GuestMode,
    MigrationHost,
    MigrationRequest,
    MovingDisk,
    MovingGuest,
)

UUID = "aaaaaaaa-0000-4000-8000-000000000008"
OTHER = "bbbbbbbb-0000-4000-8000-000000000009"
FOLDER = "/srv/instances/web1"
BASES = "/srv/instances/_base"
PROOF = f"{FOLDER}/.nova-xen-proof-1"
BASE_PROOF = f"{BASES}/.nova-xen-proof-2"
TOKENS = {PROOF: "token", BASE_PROOF: "other"}

REQUEST = MigrationRequest(server="web1", destination="xen2")
GUEST = MovingGuest(
    uuid=UUID,
    name="web1",
    mode=GuestMode.PVH,
    running=True,
    memory_mib=1024,
    vcpus=2,
    disks=(
        MovingDisk(
            target="xvda",
            format=DiskFormat.QCOW2,
            files=(f"{FOLDER}/disk", f"{BASES}/base"),
        ),
    ),
    bridges=("br0",),
    files=("/usr/lib/grub-xen/grub-i386-xen_pvh.bin",),
    cpu="<cpu/>",
)
HERE = MigrationHost(
    hostname="xen1",
    address="xen1",
    xen_version=4_017_000,
    libvirt_version=9_000_000,
    clock=1_700_000_000.0,
    free_memory_mib=500,
    max_vcpus={GuestMode.PV: 512, GuestMode.PVH: 128, GuestMode.HVM: 128},
    virt_caps=("pv", "hvm", "hap", "shadow"),
    bridges=("br0",),
    domains={"web1": UUID},
    proofs=TOKENS,
    cpu=CpuComparison.IDENTICAL,
)
THERE = MigrationHost(
    hostname="xen2",
    address="xen2",
    xen_version=4_017_000,
    libvirt_version=9_000_000,
    clock=1_700_000_000.2,
    free_memory_mib=2048,
    max_vcpus={GuestMode.PV: 512, GuestMode.PVH: 128, GuestMode.HVM: 128},
    virt_caps=("pv", "hvm", "hap", "shadow"),
    bridges=("br0", "br1"),
    domains={"db1": OTHER},
    proofs=TOKENS,
    cpu=CpuComparison.IDENTICAL,
)
