# SPDX-License-Identifier: Apache-2.0
"""Static addresses: of hosts, with gateways that can be reached, each once."""

import ipaddress

import pytest

from golden.builders import PV, nic, plan
from nova_xen import exceptions
from nova_xen.model import NicAddress, Plan


def address(text: str, gateway: str | None = None) -> NicAddress:
    return NicAddress(
        address=ipaddress.ip_interface(text),
        gateway=ipaddress.ip_address(gateway) if gateway else None,
    )


def planned(*addresses: NicAddress, dns: tuple[str, ...] = ()) -> Plan:
    servers = tuple(ipaddress.ip_address(text) for text in dns)
    return plan(PV, config_drive=True, nics=(nic(addresses=addresses, dns=servers),))


@pytest.mark.parametrize(
    ("text", "gateway"),
    [
        ("192.0.2.5/24", None),
        ("192.0.2.5/24", "192.0.2.1"),
        ("192.0.2.0/31", "192.0.2.1"),
        ("192.0.2.5/32", None),
        ("2001:db8::5/64", "2001:db8::1"),
        ("2001:db8::5/64", "fe80::1"),
        ("2001:db8::/127", "2001:db8::1"),
        ("2001:db8::5/128", None),
        ("169.254.10.1/16", None),
        ("fe80::5/64", None),
        ("2001:db8::ffff:ffff:ffff:ffff/64", None),
    ],
)
def test_addresses(text: str, gateway: str | None) -> None:
    assert planned(address(text, gateway)).config_drive is not None


@pytest.mark.parametrize(
    ("text", "gateway", "why"),
    [
        ("192.0.2.0/24", None, "the address of the network 192.0.2.0/24 itself"),
        ("192.0.2.255/24", None, "the address of the network 192.0.2.0/24 itself"),
        ("2001:db8::/64", None, "the address of the network"),
        ("0.0.0.0/24", None, "is no address of a host"),
        ("192.0.2.5/0", None, "is no address of a host"),
        ("127.0.0.1/8", None, "is no address of a host"),
        ("224.0.0.1/24", None, "is no address of a host"),
        ("::1/128", None, "is no address of a host"),
        ("::/64", None, "is no address of a host"),
        ("ff02::1/64", None, "is no address of a host"),
        ("fe80::1%eth0/64", None, "is no address of a host"),
        ("192.0.2.5/24", "2001:db8::1", "of another family"),
        ("2001:db8::5/64", "192.0.2.1", "of another family"),
        ("192.0.2.5/24", "192.0.2.5", "the guest's own address"),
        ("192.0.2.5/24", "192.0.3.1", "no host in the network 192.0.2.0/24"),
        ("192.0.2.5/24", "192.0.2.255", "no host in the network"),
        ("192.0.2.5/32", "192.0.2.1", "no host in the network 192.0.2.5/32"),
        ("2001:db8::5/64", "2001:db9::1", "no host in the network"),
        ("2001:db8::5/64", "fe80::1%eth0", "is no address of a host"),
        ("2001:db8::5/64", "ff02::2", "is no address of a host"),
    ],
)
def test_addresses_that_cannot_be(text: str, gateway: str | None, why: str) -> None:
    with pytest.raises(exceptions.InvalidNic) as refused:
        planned(address(text, gateway))
    assert why in str(refused.value)
    assert str(refused.value).startswith(
        "Server web1: its network interface 00:16:3e:11:22:33 on br0 is wrong: "
    )


@pytest.mark.parametrize("server", ["::", "224.0.0.1", "fe80::1%eth0"])
def test_resolvers_that_cannot_be(server: str) -> None:
    assert planned(dns=("192.0.2.53", "2001:db8::53", "127.0.0.1")).config_drive
    with pytest.raises(exceptions.InvalidNic, match="no address of a name server"):
        planned(dns=(server,))


def test_an_address_is_given_once() -> None:
    with pytest.raises(exceptions.InvalidNic, match=r"192\.0\.2\.5 is given twice"):
        planned(address("192.0.2.5/24"), address("192.0.2.5/25"))
    other = nic(mac="00:16:3e:11:22:34", addresses=(address("192.0.2.5/24"),))
    with pytest.raises(exceptions.InvalidNic, match=r"22:34 on br0 .*given twice"):
        plan(PV, config_drive=True, nics=(nic(addresses=other.addresses), other))


@pytest.mark.parametrize(("addresses", "dns"), [(33, 0), (0, 17)])
def test_too_many(addresses: int, dns: int) -> None:
    given = [address(f"198.18.0.{n + 1}/24") for n in range(addresses)]
    with pytest.raises(exceptions.InvalidNic, match="more than 32 addresses or 16"):
        planned(*given, dns=("192.0.2.53",) * dns)
