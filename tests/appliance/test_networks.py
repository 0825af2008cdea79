# SPDX-License-Identifier: Apache-2.0
"""Guests boot with the static addresses that were written into their disks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import guests
from appliance.boots import Report, booted
from appliance.disks import MIB, START, partitioned, run
from appliance.servers import KEY, write
from appliance.shared import Shared
from nova_xen.model import GuestSetup, Nic, NicAddress

FIRST = Nic(
    bridge="br0",
    mac="00:16:3E:0A:0B:01",
    mtu=1400,
    addresses=(
        NicAddress(
            address=ipaddress.ip_interface("192.0.2.5/24"),
            gateway=ipaddress.ip_address("192.0.2.1"),
        ),
        NicAddress(
            address=ipaddress.ip_interface("2001:db8:1::5/64"),
            gateway=ipaddress.ip_address("2001:db8:1::1"),
        ),
    ),
    dns=(ipaddress.ip_address("192.0.2.53"), ipaddress.ip_address("2001:db8:1::53")),
)
SECOND = Nic(
    bridge="br1",
    mac="00:16:3E:0A:0B:02",
    addresses=(NicAddress(address=ipaddress.ip_interface("198.51.100.7/25")),),
)
# a guest takes some twenty of them where nothing else is going on
SECONDS = 600


def found(report: Report) -> dict[str, object]:
    """What a guest has made of its network."""
    macs = [nic.mac.lower() for nic in (FIRST, SECOND)]
    return {
        "host": report.host,
        "addresses": [report.static(mac) for mac in macs],
        "mtu": [report.by_mac()[mac]["mtu"] for mac in macs],
        "ipv4": report.defaults("ipv4"),
        "ipv6": report.defaults("ipv6"),
        "dns": sorted(report.dns),
    }


EXPECTED: dict[str, object] = {
    "host": "web1",
    "addresses": [{"192.0.2.5/24", "2001:db8:1::5/64"}, {"198.51.100.7/25"}],
    "mtu": [1400, 1500],
    "ipv4": [("192.0.2.1", FIRST.mac.lower())],
    "ipv6": [("2001:db8:1::1", FIRST.mac.lower())],
    "dns": ["192.0.2.53", "2001:db8:1::53"],
}


@pytest.fixture(scope="module")
def side_by_side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """All guests' systems on one disk, so that one appliance writes into all."""
    folder = tmp_path_factory.mktemp("guests")
    parts = [
        copied(guests.disk(kind), folder / kind.name, skip=START // MIB)
        for kind in guests.KINDS
    ]
    made = Shared(partitioned(folder / "disk", parts))
    yield made
    made.stop()


def copied(source: Path, target: Path, *, skip: int) -> Path:
    """A guest's file system, ``skip`` MiB into a disk."""
    how = (f"skip={skip}", f"count={guests.MIB}", "bs=1M", "conv=sparse")
    run("dd", f"if={source}", f"of={target}", *how, "status=none")
    return target


@pytest.mark.parametrize("kind", guests.KINDS, ids=lambda kind: kind.name)
def test_a_guest_does_as_it_is_told(
    tmp_path: Path,
    side_by_side: Shared,
    monkeypatch: pytest.MonkeyPatch,
    kind: guests.Kind,
) -> None:
    number = guests.KINDS.index(kind)
    side_by_side.lend(monkeypatch)
    setup = GuestSetup(hostname="web1", ssh_keys=(KEY,))
    write(side_by_side.disk, setup, FIRST, SECOND, partition=number + 1)
    skip = START // MIB + number * guests.MIB
    part = copied(side_by_side.disk, tmp_path / "part", skip=skip)
    disk = partitioned(tmp_path / "disk", [part])

    # the kernel finds the second card first, so that its names are the wrong ones
    with booted(disk, [SECOND.mac, FIRST.mac], tmp_path / "boot") as boot:
        report = boot.until(lambda said: found(said) == EXPECTED, SECONDS)
        assert found(report) == EXPECTED
        assert report.macs_as_the_kernel_counts() == [
            SECOND.mac.lower(),
            FIRST.mac.lower(),
        ]
