# SPDX-License-Identifier: Apache-2.0
"""Addresses of a guest, in the files that its own system reads."""

import enum

from nova_xen.injection.guest import facts as places
from nova_xen.injection.guest.edits import Edit, WriteFile
from nova_xen.injection.guest.facts import GuestFacts
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.render import (
    STEM,
    interfaces_of,
    render,
    render_interfaces,
)
from nova_xen.model import Nic

#: MAXNS of resolv.h: a resolver asks no more
_MOST_SERVERS = 3

#: how names begin that no kernel gives
_OWN_STEM = "nova"


class NetworkKind(enum.StrEnum):
    """What configures the network of a guest."""

    DEBIAN = "/etc/network/interfaces"
    NETPLAN = "netplan"
    NETWORKD = "systemd-networkd"
    NETWORK_MANAGER = "NetworkManager"


def is_needed(nics: tuple[Nic, ...]) -> bool:
    """Whether a guest must be told: with DHCP alone it needs nothing from us."""
    return any(nic.addresses for nic in nics)


def choose_network(facts: GuestFacts) -> tuple[NetworkKind, str]:
    """What the guest has, and how that was seen.

    netplan comes first, for it writes the files of the others. ifupdown comes before
    NetworkManager, which leaves alone what ifupdown has.

    :raises Refused: nothing known is there
    """
    networkd = facts.has(*places.NETWORKD_ENABLED)
    if facts.has(*places.NETPLAN):
        return NetworkKind.NETPLAN, "the image has netplan"
    if networkd and not facts.has(places.INTERFACES):
        return NetworkKind.NETWORKD, "the image starts systemd-networkd"
    if facts.has(*places.IFUP) and facts.has(places.IFUPDOWN):
        return NetworkKind.DEBIAN, "the image has ifupdown"
    if facts.has(*places.NETWORK_MANAGER):
        return NetworkKind.NETWORK_MANAGER, "the image has NetworkManager"
    if networkd:
        return NetworkKind.NETWORKD, "the image starts systemd-networkd"
    raise Refused(
        "the image has none of netplan, ifupdown, NetworkManager and an enabled "
        "systemd-networkd to give static addresses to"
    )


def network_edits(
    nics: tuple[Nic, ...], facts: GuestFacts, template: str | None
) -> list[Edit]:
    """Files for every interface, each known by its MAC.

    :param template: the operator's, for /etc/network/interfaces
    :raises Refused: the guest has nothing we know
    """
    kind, _why = choose_network(facts)
    match kind:
        case NetworkKind.DEBIAN:
            edits = _debian(nics, facts, template)
        case NetworkKind.NETPLAN:
            edits = [_file("/etc/netplan/90-nova-xen.yaml", 0o600, "netplan.j2", nics)]
        case NetworkKind.NETWORKD:
            edits = _each(nics, "/etc/systemd/network/00-nova-xen-%d.network", 0o644)
        case NetworkKind.NETWORK_MANAGER:
            folder = "/etc/NetworkManager/system-connections"
            edits = _each(nics, f"{folder}/nova-xen-%d.nmconnection", 0o600)
    return [*edits, *_resolver(nics, facts)]


def _resolver(nics: tuple[Nic, ...], facts: GuestFacts) -> list[Edit]:
    """resolv.conf(5) itself, where nothing in the guest makes it of what it is told."""
    servers = list(dict.fromkeys(str(each) for nic in nics for each in nic.dns))
    if not servers or facts.has(*places.RESOLVERS) or places.RESOLV in facts.odd:
        return []
    lines = [f"nameserver {each}\n" for each in servers[:_MOST_SERVERS]]
    text = "# Written by nova-xen before the first boot.\n" + "".join(lines)
    return [WriteFile(path=places.RESOLV, content=text.encode(), mode=0o644)]


def _debian(
    nics: tuple[Nic, ...], facts: GuestFacts, template: str | None
) -> list[Edit]:
    """interfaces(5) knows names alone, so that udev is told which MAC has which.

    The kernel may have counted several in another order, and udev cannot give one a
    name while another one has it: they get names that the kernel never gives.
    """
    udev = facts.has(*places.UDEV)
    stem = _OWN_STEM if udev and len(nics) > 1 else STEM
    text = render_interfaces(nics, template, stem)
    edits: list[Edit] = [WriteFile(path=places.INTERFACES, content=text.encode())]
    if udev:
        path = f"{places.UDEV_RULES}/70-nova-xen-net.rules"
        edits.append(_file(path, 0o644, "udev.j2", nics, stem))
    return edits


def _file(
    path: str, mode: int, template: str, nics: tuple[Nic, ...], stem: str = STEM
) -> Edit:
    text = render(template, interfaces=interfaces_of(nics, stem))
    return WriteFile(path=path, content=text.encode(), mode=mode, owned=True)


def _each(nics: tuple[Nic, ...], path: str, mode: int) -> list[Edit]:
    template = "networkd.j2" if path.endswith(".network") else "keyfile.j2"
    edits: list[Edit] = []
    for index, one in enumerate(interfaces_of(nics)):
        text = render(template, ifc=one).encode()
        edits.append(WriteFile(path=path % index, content=text, mode=mode, owned=True))
    return edits
