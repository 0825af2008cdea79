# SPDX-License-Identifier: Apache-2.0
"""network_data.json: links, networks and name servers."""

from golden.builders import nic
from nova_xen.injection.config_drive.network import network_data
from unit.injection.config_drive.servers import NICS
from unit.planning.test_addresses import address

ANYWHERE = dict.fromkeys(("network", "netmask"), "0.0.0.0")  # noqa: S104
DNS4 = {"type": "dns", "address": "192.0.2.53"}
DNS6 = {"type": "dns", "address": "2001:db8::53"}


def test_a_whole_one() -> None:
    assert network_data(NICS) == {
        "links": [
            {
                "id": "interface0",
                "vif_id": "00:16:3e:11:22:33",
                "type": "phy",
                "mtu": 1400,
                "ethernet_mac_address": "00:16:3e:11:22:33",
            },
            {
                "id": "interface1",
                "vif_id": "00:16:3e:aa:bb:cc",
                "type": "phy",
                "mtu": None,
                "ethernet_mac_address": "00:16:3e:aa:bb:cc",
            },
        ],
        "networks": [
            {
                "id": "network0",
                "type": "ipv4",
                "link": "interface0",
                "network_id": "br0",
                "ip_address": "192.0.2.5",
                "netmask": "255.255.255.0",
                "routes": [{**ANYWHERE, "gateway": "192.0.2.1"}],
                "services": [DNS4, DNS6],
            },
            {
                "id": "network1",
                "type": "ipv6",
                "link": "interface0",
                "network_id": "br0",
                "ip_address": "2001:db8::5",
                "netmask": "ffff:ffff:ffff:ffff::",
                "routes": [{"network": "::", "netmask": "::", "gateway": "fe80::1"}],
                "services": [DNS4, DNS6],
            },
            {
                "id": "network2",
                "type": "ipv4_dhcp",
                "link": "interface1",
                "network_id": "br0",
            },
        ],
        "services": [DNS4, DNS6],
    }


def test_no_interface() -> None:
    assert network_data(()) == {"links": [], "networks": [], "services": []}


def test_neutrons_port_and_no_gateway() -> None:
    port = "0d9f5a3e-7c41-4b62-8e53-1f2a3b4c5d6e"
    given = nic(interface_id=port, addresses=(address("192.0.2.5/32"),))
    data = network_data((given,))
    assert data["links"][0]["vif_id"] == port
    assert data["networks"][0]["routes"] == []
    assert data["networks"][0]["netmask"] == "255.255.255.255"
