# SPDX-License-Identifier: Apache-2.0
"""OpenStack's words for what a server is doing, and versions as people write them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nova_xen.model import PowerState

#: by the values of PowerState; a domain on its way down counts as active in Nova too
STATUS = {
    "running": "ACTIVE",
    "stopping": "ACTIVE",
    "paused": "PAUSED",
    "stopped": "SHUTOFF",
    "suspended": "SUSPENDED",
    "crashed": "ERROR",
    "unknown": "UNKNOWN",
}


def status(state: "PowerState") -> str:
    """The word of the OpenStack client."""
    return STATUS[state.value]


def dotted(number: int) -> str:
    """libvirt's form of a version, 4017007, as 4.17.7."""
    major, rest = divmod(number, 1_000_000)
    minor, micro = divmod(rest, 1_000)
    return f"{major}.{minor}.{micro}"
