# SPDX-License-Identifier: Apache-2.0
"""Machine, boot, sizes and names: documents that break one rule each."""

from nova_xen.domain import Clock, Features, Memballoon
from unit.rules.documents import (
    HVM_GUEST,
    PV_GUEST,
    PVH_GUEST,
    Breach,
    with_,
    with_devices,
    with_os,
)

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
