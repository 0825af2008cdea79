# SPDX-License-Identifier: Apache-2.0
"""Addresses of a network interface: from what was typed to what was meant."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from nova_xen.model import Address, Interface, NicAddress

_Parsed = TypeVar("_Parsed")


def addresses(ips: Sequence[str], gateways: Sequence[str]) -> "tuple[NicAddress, ...]":
    """Each ip=ADDRESS/PREFIX with the gateway that is in its network.

    :raises argparse.ArgumentTypeError: with a sentence
    """
    from nova_xen.model import NicAddress

    found = [NicAddress(address=_interface(text)) for text in ips]
    for text in gateways:
        gateway = address(text)
        place = _place(gateway, found)
        found[place] = NicAddress(address=found[place].address, gateway=gateway)
    return tuple(found)


def address(text: str) -> "Address":
    """An address of either family.

    :raises argparse.ArgumentTypeError: it is none
    """
    from ipaddress import ip_address

    return _parsed(ip_address, text, "such as 192.0.2.1")


def _interface(text: str) -> "Interface":
    from ipaddress import ip_interface

    if "/" not in text:
        why = f"{text!r} has no length of its prefix; write {text}/24 or the like"
        raise argparse.ArgumentTypeError(why)
    return _parsed(ip_interface, text, "with its prefix, such as 192.0.2.5/24")


def _parsed(parse: Callable[[str], _Parsed], text: str, such: str) -> _Parsed:
    try:
        return parse(text)
    except ValueError:
        why = f"{text!r} is no address {such}"
        raise argparse.ArgumentTypeError(why) from None


def _place(gateway: "Address", among: "Sequence[NicAddress]") -> int:
    """The address whose gateway it is: of its network, or for IPv6's link-local
    routers the first of the family."""
    for anywhere in (False, gateway.version == 6 and gateway.is_link_local):
        for place, each in enumerate(among):
            fits = each.address.version == gateway.version and each.gateway is None
            if fits and (anywhere or gateway in each.address.network):
                return place
    raise argparse.ArgumentTypeError(
        f"the gateway {gateway} is in the network of no ip= that has none yet; write "
        "ip=ADDRESS/PREFIX,gateway=ADDRESS"
    )
