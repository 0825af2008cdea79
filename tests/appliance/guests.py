# SPDX-License-Identifier: Apache-2.0
"""Debian guests that differ in what configures their network, each on a disk.

A guest says over and over on its second serial line what its network has become. That
is in the image before anything is injected into it, and knows nothing of injection.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab import cache, cpio, guest_packages, kernel, tree
from lab.run import remove_tree
from lab.settings import cache_dir

from appliance.disks import file_system, partitioned, run

SUITE = "bookworm"
_FOLDER = cache_dir() / "network-guests"
#: of its file system, which begins behind the disk's first
MIB = 400

# dbus is what systemd recommends, and every Debian with systemd has it
_SYSTEM = ("systemd-sysv", "dbus", "udev", "iproute2")


@dataclass(frozen=True)
class Kind:
    """What configures a guest's network: its packages, and what is to be enabled."""

    name: str
    packages: tuple[str, ...]
    enabled: tuple[str, ...] = ()


KINDS = (
    # it leaves name servers to resolvconf, and what IPv6 is not to do to sysctl
    Kind("ifupdown", ("ifupdown", "resolvconf", "procps")),
    Kind("networkd", ("systemd-resolved",), ("systemd-networkd",)),
    Kind("netplan", ("netplan.io", "systemd-resolved")),
    Kind("NetworkManager", ("network-manager",)),
)

_UNIT = """[Unit]
Description=Says what the network is

[Service]
ExecStart=/usr/local/sbin/network-report

[Install]
WantedBy=multi-user.target
"""
# Shell built-ins where they will do: every program started costs a tenth of a second
# in emulation. systemd-resolved keeps its list apart from /etc/resolv.conf, which names
# itself. A guest that takes long tells its journal, for whoever looks into it.
_REPORT = """#!/bin/sh
name_servers() {
    list=/run/systemd/resolve/resolv.conf
    [ -e $list ] || list=/etc/resolv.conf
    dns=
    while read -r word server _; do
        [ "$word" = nameserver ] && dns="$dns${dns:+, }\\"$server\\""
    done <$list
}

report() {
    read -r host </proc/sys/kernel/hostname
    name_servers
    addresses=$(ip -j address)
    routes="\\"ipv4\\": $(ip -j -4 route), \\"ipv6\\": $(ip -j -6 route)"
    echo "{\\"host\\": \\"$host\\", \\"dns\\": [$dns]," \\
        "\\"addresses\\": $addresses, \\"routes\\": {$routes}}"
}

count=0
while :; do
    report >/dev/ttyS1
    count=$((count + 1))
    [ $((count % 30)) = 0 ] && journalctl -b -n 100 -o cat --no-pager >/dev/ttyS0
    sleep 1
done
"""

_MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "virtio-rng"]
# The network cards get the kernel's own names here, before udev of the system sees
# them, as those of a Xen guest do whose drivers are loaded early.
_INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for module in $($b cat /m/order); do $b insmod /m/$module; done
until [ -b /dev/vda1 ]; do $b sleep 0.1; done
$b mount -t ext4 -o rw,noatime /dev/vda1 /root
for place in proc sys dev; do $b mount --move /$place /root/$place; done
exec $b switch_root /root /sbin/init
"""


def disk(kind: Kind) -> Path:
    """The disk of a guest of this kind, from the cache or built now."""
    options = guest_packages.dpkg_options()
    system = tree.spec(SUITE, [*_SYSTEM, *kind.packages], options, "essential")
    key = cache.key_of(system.key, kind.name, Path(__file__).read_bytes())

    def make(folder: Path) -> None:
        source = tree.built(cache_dir() / "trees", system, f"system of {kind.name}")
        root = folder / "root"
        run("cp", "-a", "--reflink=auto", source, root)
        _finish(root, kind)
        part = file_system("ext4", folder / "part.ext4", root, mib=MIB)
        partitioned(folder / "disk", [part])
        part.unlink()
        remove_tree(root)

    built = cache.built(_FOLDER, f"{kind.name}-{key}", f"guest with {kind.name}", make)
    return built / "disk"


def _finish(root: Path, kind: Kind) -> None:
    """Add the report, and enable what is to be."""
    program = root / "usr/local/sbin/network-report"
    program.write_text(_REPORT)
    program.chmod(0o755)
    (root / "etc/systemd/system/network-report.service").write_text(_UNIT)
    # with an empty one this is no first boot, on which systemd would enable what its
    # presets say: the same in all four kinds
    (root / "etc/machine-id").write_text("")
    run("chroot", root, "systemctl", "enable", "network-report", *kind.enabled)


def boot_files() -> tuple[Path, Path]:
    """A kernel and its initial RAM disk for all of them, from the cache or made now."""
    wanted = tree.spec(SUITE, list(guest_packages.KERNEL), [], "extract")
    key = cache.key_of(wanted.key, Path(__file__).read_bytes())

    def make(folder: Path) -> None:
        source = tree.built(cache_dir() / "trees", wanted, "kernel of the guests")
        run("depmod", "-b", source, kernel.version(source))
        packed = kernel.bzimage(source).read_bytes()
        (folder / "vmlinux").write_bytes(kernel.unpack(packed))
        (folder / "initrd").write_bytes(_initrd(source))

    built = cache.built(_FOLDER, f"kernel-{key}", "kernel of the guests", make)
    return built / "vmlinux", built / "initrd"


def _initrd(source: Path) -> bytes:
    busybox = (source / "bin/busybox").read_bytes()
    folders = ("bin", "m", "proc", "sys", "dev", "root")
    return cpio.compressed(
        [
            *(cpio.directory(name) for name in folders),
            cpio.file("bin/busybox", busybox, executable=True),
            cpio.file("init", _INIT.encode(), executable=True),
            *kernel.module_entries(source, _MODULES),
        ],
        level=1,
    )
