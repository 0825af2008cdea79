# SPDX-License-Identifier: Apache-2.0
"""Counters of the host's side, as the guest sees them."""

from pathlib import Path

import pytest

from nova_xen.model import NicCounters
from nova_xen.network import host_side, other_side

FILES = {
    "rx_bytes": 1,
    "rx_packets": 2,
    "rx_errors": 3,
    "rx_dropped": 4,
    "tx_bytes": 5,
    "tx_packets": 6,
    "tx_errors": 7,
    "tx_dropped": 8,
}


@pytest.mark.parametrize(
    ("name", "other"),
    [("vif3.0", "vif3.0-emu"), ("vif3.0-emu", "vif3.0"), ("tapx", "tapx-emu")],
)
def test_the_interface_beside(name: str, other: str) -> None:
    assert other_side(name) == other


def test_the_guest_gets_what_the_host_sends(tmp_path: Path) -> None:
    folder = tmp_path / "vif3.0" / "statistics"
    folder.mkdir(parents=True)
    for name, value in FILES.items():
        (folder / name).write_text(f"{value}\n")
    expected = NicCounters(
        rx_octets=5,
        rx_packets=6,
        rx_errors=7,
        rx_drop=8,
        tx_octets=1,
        tx_packets=2,
        tx_errors=3,
        tx_drop=4,
    )
    assert host_side("vif3.0", tmp_path) == expected


def test_an_interface_that_is_not_there(tmp_path: Path) -> None:
    assert host_side("vif3.0", tmp_path) is None


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "vif3.0" / "statistics"
    folder.mkdir(parents=True)
    (folder / "rx_bytes").write_text("many\n")
    assert host_side("vif3.0", tmp_path) == NicCounters()
