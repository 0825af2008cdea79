# SPDX-License-Identifier: Apache-2.0
"""The guests' initial RAM disk: finds the root file system, or does without one.

The ext4 driver is in the kernel. Loaded are the two Xen front ends and, for config
drives, ISO 9660, FAT and the emulated CD drive of HVM.
"""

from pathlib import Path

from lab import cpio, kernel

ROOT_LABEL = "nova-xen-guest"
_MODULES = [
    *("xen-blkfront", "xen-netfront"),
    *("isofs", "vfat", "nls_cp437", "nls_ascii", "ata_piix", "sr_mod"),
]
_FOLDERS = ("bin", "sbin", "usr/sbin", "usr/bin", "m", "proc", "sys", "dev", "root")

# Without root= on the kernel's command line the guest lives in memory alone. The
# kernel runs /sbin/poweroff and /sbin/reboot when the toolstack asks for it.
_INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for module in $($b cat /m/order); do $b insmod /m/$module; done
label=$($b sed -n 's/.*root=LABEL=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
if [ "$label" ]; then
    tries=0
    until disk=$($b findfs LABEL=$label 2>/dev/null) || [ $tries -gt 600 ]; do
        $b sleep 0.1
        tries=$((tries + 1))
    done
    $b mount -t ext4 -o rw,noatime $disk /root || $b echo "NOVA-XEN-GUEST no root"
    for place in proc sys dev; do $b mount --move /$place /root/$place; done
    exec $b switch_root /root /sbin/init
fi
$b --install -s
nova-xen-guest-start 2>/dev/null
exec nova-xen-guest
"""


def build(tree: Path, files: Path) -> bytes:
    """The initial RAM disk for the kernel in ``tree``; ``files`` are the guest's."""
    programs = files / "usr/local/sbin"
    own = [_program(f"sbin/{path.name}", path) for path in sorted(programs.iterdir())]
    return cpio.compressed(
        [
            *(cpio.directory(name) for name in ("usr", "mnt", *_FOLDERS)),
            _program("bin/busybox", tree / "bin/busybox"),
            cpio.file("init", _INIT.encode(), executable=True),
            *(_end(action) for action in ("poweroff", "reboot")),
            *own,
            *kernel.module_entries(tree, _MODULES),
        ]
    )


def _program(name: str, path: Path) -> cpio.Entry:
    return cpio.file(name, path.read_bytes(), executable=True)


def _end(action: str) -> cpio.Entry:
    script = f"#!/bin/busybox sh\nexec /bin/busybox {action} -f\n"
    return cpio.file(f"sbin/{action}", script.encode(), executable=True)
