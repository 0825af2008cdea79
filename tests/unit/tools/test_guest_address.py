# SPDX-License-Identifier: Apache-2.0
"""A guest of the lab takes no address that a host or a test has."""

import ipaddress
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "tools/lab/guest/usr/local/sbin/nova-xen-guest-start"
RESERVED = ipaddress.ip_network("10.77.0.0/24")
#: the end of the script, with the command ip made to print what it is told
PROGRAM = """
ip() { echo "$*"; }
mac=$1
%s
"""


def address_of(mac: str) -> ipaddress.IPv4Interface:
    _, mark, rest = SCRIPT.read_text().partition("\nip link set eth0 up\n")
    assert mark
    done = subprocess.run(
        ["sh", "-euc", PROGRAM % rest, "sh", mac],
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.split()
    assert [*words[:2], *words[3:]] == ["addr", "add", "dev", "eth0"]
    return ipaddress.IPv4Interface(words[2])


@pytest.mark.parametrize("fifth", ["00", "01", "3f", "40", "80", "ff"])
@pytest.mark.parametrize("sixth", ["00", "01", "02", "4d", "fe", "ff"])
def test_it_is_nobody_elses(fifth: str, sixth: str) -> None:
    address = address_of(f"00:16:3e:16:{fifth}:{sixth}")
    assert address.ip not in RESERVED
    assert address.network == ipaddress.ip_network("10.77.0.0/16")
    assert address.ip in address.network
    assert address.ip != address.network.broadcast_address
    assert int(address.ip) & 0xFF == int(sixth, 16)


def test_two_guests_have_two() -> None:
    addresses = {address_of(f"00:16:3e:16:{fifth:02x}:05") for fifth in range(0, 64, 9)}
    assert len(addresses) == 8
