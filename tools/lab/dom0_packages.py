# SPDX-License-Identifier: Apache-2.0
"""What is installed in dom0, and what is left out of the packages."""

from lab.settings import Suite

_PACKAGES = [
    "systemd-sysv",
    "dbus",
    "udev",
    "kmod",
    "linux-image-amd64",
    "busybox-static",
    "procps",
    "less",
    "strace",
    "iproute2",
    "bridge-utils",
    "iputils-ping",
    "iptables",
    "dnsmasq-base",
    "netcat-openbsd",
    "socat",
    "openssh-server",
    "rsync",
    "openvswitch-switch",
    "nfs-kernel-server",
    "nfs-common",
    "xen-system-amd64",
    "qemu-system-xen",
    "qemu-utils",
    "qemu-block-extra",
    "libvirt-daemon-system",
    "libvirt-daemon-driver-xen",
    "libvirt-clients",
    "python3-guestfs",
    "grub-xen-host",
    "grub-xen-bin",
    "seabios",
    "ovmf",
    "python3",
    "python3-venv",
    "python3-pip",
    "python3-libvirt",
    "python3-lxml",
    "lvm2",
    "e2fsprogs",
    "dosfstools",
    "mtools",
    "fdisk",
    "cpio",
]

_NOT_NEEDED = (
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/doc/*",
    "/usr/share/i18n/*",
    "/usr/share/iso-codes/*",
    *(
        f"*/lib/modules/*/kernel/{folder}/*"
        for folder in (
            "sound",
            "drivers/gpu",
            "drivers/media",
            "drivers/infiniband",
            "drivers/staging",
            "drivers/net/wireless",
            "drivers/net/ethernet",
            "drivers/iio",
            "drivers/hid",
            "drivers/usb",
        )
    ),
)


def packages(suite: Suite) -> list[str]:
    """Debian packages of dom0 in this suite."""
    return [*_PACKAGES, f"xen-utils-{suite.xen}"]


def dpkg_options() -> list[str]:
    """Options of dpkg.cfg(5) that keep the image small."""
    return [f"path-exclude={pattern}" for pattern in _NOT_NEEDED]
