# SPDX-License-Identifier: Apache-2.0
"""What the guest's Debian is made of."""

from lab import dom0_packages

# The cloud kernel has the front ends and entry points of PV, PVH and HVM, ext4
# built in, and is the smallest that Debian has. Only unpacked, never installed:
# its own initial RAM disk is many times larger than the lab's.
KERNEL = ("linux-image-cloud-amd64", "busybox-static")
SYSTEM = ("sysvinit-core", "iproute2", "ifupdown", "mount", "passwd", "login")


def dpkg_options() -> list[str]:
    """Leave documentation and translations out."""
    return [*dom0_packages.dpkg_options(), "path-exclude=/usr/share/zoneinfo/*"]
