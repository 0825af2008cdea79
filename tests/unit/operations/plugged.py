# SPDX-License-Identifier: Apache-2.0
"""What a server on the fake host has plugged in, and a xenstored that tells of it."""

from __future__ import annotations

from lxml import etree

from nova_xen.testing import FakeHost
from unit.hypervisor.fake_xenstored import Xenstored

NUMBERS = {"xvdb": 51728, "xvdc": 51744}
CONNECTED, WAITING, UNSERVED = ("4", "4"), ("1", "2"), ("1", "1")


def _names(root: etree._Element) -> list[str]:
    disks = [each.get("dev", "") for each in root.findall("devices/disk/target")]
    macs = [each.get("address", "") for each in root.findall("devices/interface/mac")]
    return disks + macs


def now(fake: FakeHost, name: str = "web") -> list[str]:
    """Disks and addresses of what runs, or of the next start when it is off."""
    return _names(fake.guest(name).current)


def later(fake: FakeHost, name: str = "web") -> list[str]:
    """Those of the next start."""
    return _names(fake.guest(name).config)


def tell(
    xenstored: Xenstored, path: str, states: tuple[str, str], **nodes: str
) -> None:
    """Have both sides of a device in these states."""
    guest, host = states
    back = f"/local/domain/0/backend{path}"
    xenstored.nodes |= {
        f"{path}/state": guest,
        f"{path}/backend": back,
        f"{back}/state": host,
        **{f"{path}/{key}": value for key, value in nodes.items()},
    }
