# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a host, decided from facts: a file for each concern."""

from nova_xen.planning.doctor import (
    boot,
    certificates,
    clock,
    console,
    dom0,
    guests,
    injection,
    leftovers,
    libvirt,
    network,
    programs,
    storage,
    transport,
    xen,
)

__all__ = [
    "boot",
    "certificates",
    "clock",
    "console",
    "dom0",
    "guests",
    "injection",
    "leftovers",
    "libvirt",
    "network",
    "programs",
    "storage",
    "transport",
    "xen",
]
