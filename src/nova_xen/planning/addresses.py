# SPDX-License-Identifier: Apache-2.0
"""Static addresses that a guest is told for its network interfaces."""

import ipaddress

from nova_xen import exceptions
from nova_xen.model import Address, Instance, Nic, NicAddress

MOST_ADDRESSES = 32
#: resolvers of Linux look at the first three
MOST_DNS = 16


def check_addresses(instance: Instance) -> None:
    """Refuse addresses that no host can have, or two would share.

    :raises InvalidNic: naming the interface and the address
    """
    taken = set[Address]()
    for nic in instance.nics:
        if len(nic.addresses) > MOST_ADDRESSES or len(nic.dns) > MOST_DNS:
            why = f"it has more than {MOST_ADDRESSES} addresses or {MOST_DNS} resolvers"
            raise _wrong(instance, nic, why)
        for given in nic.addresses:
            fault = address_fault(given)
            if given.address.ip in taken:
                fault = f"{given.address.ip} is given twice"
            if fault:
                raise _wrong(instance, nic, fault)
            taken.add(given.address.ip)
        for server in nic.dns:
            if server.is_unspecified or server.is_multicast or _scoped(server):
                raise _wrong(instance, nic, f"{server} is no address of a name server")


def address_fault(given: NicAddress) -> str | None:
    """What is wrong with an address and its gateway, or None."""
    address, network, gateway = given.address, given.address.network, given.gateway
    if not _is_host(address.ip) or _scoped(address) or network.prefixlen == 0:
        return f"{address} is no address of a host"
    if _is_reserved(address.ip, network):
        return f"{address.ip} is the address of the network {network} itself"
    if gateway is None:
        return None
    if gateway.version != address.version:
        return f"the gateway {gateway} is of another family than {address}"
    if gateway == address.ip:
        return f"{gateway} is the guest's own address and its gateway"
    if not _is_host(gateway):
        return f"the gateway {gateway} is no address of a host"
    if gateway.version == 6 and gateway.is_link_local:
        return None  # how routers announce themselves, in whichever network
    if gateway not in network or _is_reserved(gateway, network):
        return f"the gateway {gateway} is no host in the network {network}"
    return None


def _is_host(address: Address) -> bool:
    wrong = address.is_unspecified or address.is_multicast or address.is_loopback
    return not wrong and not _scoped(address)


def _scoped(address: Address) -> bool:
    """Whether it names an interface (fe80::1%eth0), which is another one's."""
    return getattr(address, "scope_id", None) is not None


def _is_reserved(
    address: Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    """The network's own address, or IPv4's broadcast; tiny networks have neither."""
    if network.max_prefixlen - network.prefixlen < 2:
        return False
    broadcast = network.version == 4 and address == network.broadcast_address
    return address == network.network_address or broadcast


def _wrong(instance: Instance, nic: Nic, why: str) -> exceptions.InvalidNic:
    return exceptions.InvalidNic(
        server=instance.name, nic=f"{nic.mac} on {nic.bridge}", why=why
    )
