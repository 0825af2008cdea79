# SPDX-License-Identifier: Apache-2.0
"""dom0's initial RAM disk: load the disk's modules, mount it, go on from there."""

from pathlib import Path

from lab import cpio, kernel

_MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4"]
_INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for module in $($b cat /m/order); do $b insmod /m/$module 2>/dev/null; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 300 ]; do
    $b sleep 0.1
    tries=$((tries + 1))
done
$b mount -t ext4 -o rw,noatime /dev/vda /root || $b echo LAB-FAILED no root disk
for place in proc sys dev; do $b mount --move /$place /root/$place; done
exec $b switch_root /root /usr/local/sbin/nova-xen-lab-init
"""


def build(tree: Path) -> bytes:
    """The initial RAM disk for the kernel in this tree."""
    busybox = (tree / "bin/busybox").read_bytes()
    folders = [cpio.directory(n) for n in ("bin", "m", "proc", "sys", "dev", "root")]
    return cpio.compressed(
        [
            *folders,
            cpio.file("bin/busybox", busybox, executable=True),
            cpio.file("init", _INIT.encode(), executable=True),
            *kernel.module_entries(tree, _MODULES),
        ],
        level=1,
    )
