# SPDX-License-Identifier: Apache-2.0
"""The document that a guest shall have at the destination.

libxl takes no document of the persistent definition, so a host's own paths would live
on there (CVE-2020-17376 in Nova): the same function makes the document of the call,
from the running guest's, and the one defined afterwards, from the inactive one. Both
must be read with VIR_DOMAIN_XML_SECURE, or the password of VNC is lost.

What the guest sees stays: libvirt compares UUID, name, memory, vCPUs, OS type, the
number of disks and cards, targets and MAC addresses, and refuses another machine.
"""

import re
from collections.abc import Mapping

from nova_xen import exceptions
from nova_xen.domain import Disk, Interface
from nova_xen.domain.tree import Node, fromstring, tostring

#: children of a device that the destination's own element replaces; the others, such
#: as target, mac, model, address, boot, serial and mtu, are what the guest sees
_DISK_PARTS = ("driver", "source", "backingStore", "mirror")
_INTERFACE_PARTS = (
    "source",
    "virtualport",
    "script",
    "bandwidth",
    "vlan",
    "filterref",
    "target",
)
#: the names that libxl gives network devices by itself
_GENERATED_VIF = re.compile(r"vif\d+\.\d+(-emu)?", re.ASCII)
_DISPLAYS = ("vnc", "spice")


def destination_document(
    xml: str,
    *,
    listen: str | None = None,
    disks: Mapping[str, Disk] | None = None,
    interfaces: Mapping[str, Interface] | None = None,
) -> str:
    """``xml`` as the destination shall have it.

    :param listen: address that VNC listens on there; None leaves it
    :param disks: by target (xvda), how the disk is reached from the destination
    :param interfaces: by MAC address, how the card is plugged in there
    :raises ValueError: ``xml`` is no domain document
    :raises MigrationRefused: a disk or card is given that the guest does not have
    """
    root = fromstring(xml)
    if root.tag != "domain":
        raise ValueError(f"<{root.tag}> is no domain document")
    _forget_runtime(root)
    for graphics in root.iterfind("devices/graphics"):
        _place_display(graphics, listen)
    _replace_disks(root, disks or {})
    _replace_interfaces(root, interfaces or {})
    return tostring(root)


def _forget_runtime(root: Node) -> None:
    """Take out what was given to this one run of the guest on this one host."""
    root.attrib.pop("id", "")
    for kind in ("console", "serial", "parallel", "channel"):
        for device in root.iterfind(f"devices/{kind}[@type='pty']"):
            device.attrib.pop("tty", "")
            _drop(device, "source")
    for target in root.iterfind("devices/interface/target"):
        if _GENERATED_VIF.fullmatch(target.get("dev", "")):
            _remove(target)
    for alias in root.iterfind("devices/*/alias"):
        if not alias.get("name", "").startswith("ua-"):
            _remove(alias)
    for label in root.iterfind("seclabel[@type='dynamic']"):
        _remove(label)


def _place_display(graphics: Node, listen: str | None) -> None:
    """A port that libxl chose is chosen anew; the address is the destination's."""
    if graphics.get("type") not in _DISPLAYS:
        return
    if graphics.get("autoport") == "yes":
        graphics.set("port", "-1")
        graphics.attrib.pop("tlsPort", "")
    elsewhere = graphics.findall("listen")
    if listen is None or any(each.get("type") != "address" for each in elsewhere):
        return
    _drop(graphics, "listen")
    graphics.set("listen", listen)
    graphics.insert(0, graphics.makeelement("listen", type="address", address=listen))


def _replace_disks(root: Node, disks: Mapping[str, Disk]) -> None:
    found = {_target(node): node for node in root.iterfind("devices/disk")}
    _require_known(root, "disk", found, disks)
    for target, disk in disks.items():
        _replace(found[target], disk.to_xml(), _DISK_PARTS)


def _replace_interfaces(root: Node, interfaces: Mapping[str, Interface]) -> None:
    """MAC addresses are compared in lower case, as libvirt writes them."""
    found = {_mac(node): node for node in root.iterfind("devices/interface")}
    given = {mac.lower(): interface for mac, interface in interfaces.items()}
    _require_known(root, "network interface", found, given)
    for mac, interface in given.items():
        _replace(found[mac], interface.to_xml(), _INTERFACE_PARTS)


def _require_known(
    root: Node, what: str, found: Mapping[str, Node], given: Mapping[str, object]
) -> None:
    unknown = sorted(given.keys() - found.keys())
    if unknown:
        raise exceptions.MigrationRefused(
            server=root.findtext("name") or "without a name",
            destination="another host",
            why=f"it has no {what} {', '.join(unknown)} that could be put elsewhere",
        )


def _replace(old: Node, new: Node, parts: tuple[str, ...]) -> None:
    """Give ``old`` the kind and the ``parts`` of ``new``, and none of its own."""
    old.set("type", new.get("type", ""))
    for part in parts:
        _drop(old, part)
    for node in reversed([each for each in new if each.tag in parts]):
        old.insert(0, node)


def _drop(parent: Node, tag: str) -> None:
    for node in parent.findall(tag):
        parent.remove(node)


def _remove(node: Node) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def _target(disk: Node) -> str:
    target = disk.find("target")
    return "" if target is None else target.get("dev", "")


def _mac(interface: Node) -> str:
    mac = interface.find("mac")
    return "" if mac is None else mac.get("address", "").lower()
