# SPDX-License-Identifier: Apache-2.0
"""network_data.json: links, networks and name servers, by Nova's schema."""

from collections.abc import Iterable, Iterator
from typing import Any

from nova_xen.model import Address, Nic, NicAddress


def network_data(nics: Iterable[Nic]) -> dict[str, Any]:
    """What each interface is, by its MAC address, and how it is to be set up."""
    links: list[dict[str, Any]] = []
    networks: list[dict[str, Any]] = []
    services: list[dict[str, str]] = []
    for number, nic in enumerate(nics):
        link = _link(nic, number)
        links.append(link)
        for network in _networks(nic, link["id"]):
            networks.append({"id": f"network{len(networks)}", **network})
        services += [each for each in _services(nic.dns) if each not in services]
    return {"links": links, "networks": networks, "services": services}


def _link(nic: Nic, number: int) -> dict[str, Any]:
    """``phy`` is what Nova says of any card whose kind is none of the guest's business.

    The MTU is told even to guests that ask DHCP, since nothing else here tells it.
    """
    return {
        "id": f"interface{number}",
        "vif_id": nic.interface_id or nic.mac.lower(),
        "type": "phy",
        "mtu": nic.mtu,
        "ethernet_mac_address": nic.mac.lower(),
    }


def _networks(nic: Nic, link: str) -> Iterator[dict[str, Any]]:
    common = {"link": link, "network_id": nic.bridge}
    if not nic.addresses:
        yield {"type": "ipv4_dhcp", **common}
    for given in nic.addresses:
        yield {
            "type": f"ipv{given.address.version}",
            **common,
            "ip_address": str(given.address.ip),
            "netmask": str(given.address.netmask),
            "routes": _routes(given),
            "services": _services(nic.dns),
        }


def _routes(given: NicAddress) -> list[dict[str, str]]:
    if given.gateway is None:
        return []
    anywhere = str(type(given.gateway)(0))
    return [{"network": anywhere, "netmask": anywhere, "gateway": str(given.gateway)}]


def _services(dns: Iterable[Address]) -> list[dict[str, str]]:
    return [{"type": "dns", "address": str(server)} for server in dns]
