# SPDX-License-Identifier: Apache-2.0
"""Devices of a definition: what libvirt fills in, adds and refuses."""

from __future__ import annotations

import itertools
import re
import secrets
import uuid

import libvirt
from lxml import etree

from nova_xen.testing import controllers, displays, errors
from nova_xen.testing.errors import Origin
from nova_xen.testing.xmltext import Element, attribute, child, to_text


def set_devices(root: Element) -> None:
    """Fill in and check the devices of a definition."""
    devices = child(root, "devices")
    for disk in devices.findall("disk"):
        normalize_disk(disk)
    _check_targets(devices.findall("disk"))
    for nic in devices.findall("interface"):
        normalize_nic(nic)
    controllers.add(devices)
    displays.complete(root, devices)
    _add_implied_devices(root, devices)


def _check_targets(disks: list[Element]) -> None:
    for one, other in itertools.combinations(disks, 2):
        target = one.find("target")
        if target is None or target.get("dev") != attribute(other, "target", "dev"):
            continue
        sources = [attribute(disk, "source", "file") for disk in (one, other)]
        detail = (
            f"target '{target.get('dev')}' duplicated for disk sources "
            f"'{sources[0]}' and '{sources[1]}'"
        )
        raise errors.error(libvirt.VIR_ERR_XML_ERROR, detail, Origin.DOMAIN)


def normalize_disk(disk: Element) -> None:
    """Fill in what libvirt fills in for a disk: device, bus and format."""
    disk.set("device", disk.get("device", "disk"))
    target = disk.find("target")
    if target is None or not target.get("dev"):
        detail = to_text(disk).strip()
        raise errors.error(libvirt.VIR_ERR_NO_TARGET, detail, Origin.DOMAIN)
    if target.get("bus") is None:
        target.set("bus", _bus_of(target.get("dev", "")))
    if disk.get("device") == "cdrom" and disk.find("source") is None:
        return
    driver = child(disk, "driver", 0)
    driver.set("type", driver.get("type", "raw"))


def _bus_of(target: str) -> str:
    for prefix, bus in (("hd", "ide"), ("sd", "scsi"), ("vd", "virtio")):
        if target.startswith(prefix):
            return bus
    return "xen" if target.startswith("xvd") else "ide"


def normalize_nic(nic: Element) -> None:
    """Give a network device the address libvirt would make, in Xen's range."""
    mac = child(nic, "mac", 0)
    if not mac.get("address"):
        tail = ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
        mac.set("address", f"00:16:3e:{tail}")
    mac.set("address", mac.get("address", "").lower())
    port = nic.find("virtualport[@type='openvswitch']")
    if port is not None and not attribute(port, "parameters", "interfaceid"):
        child(port, "parameters").set("interfaceid", str(uuid.uuid4()))
    target = nic.find("target")
    if target is not None and re.match(r"vif|vnet", target.get("dev", "")):
        nic.remove(target)


def _add_implied_devices(root: Element, devices: Element) -> None:
    hvm = root.findtext("os/type") == "hvm"
    if not hvm and devices.find("console") is None:
        console = etree.SubElement(devices, "console", type="pty")
        etree.SubElement(console, "target", type="xen", port="0")
    for index, console in enumerate(devices.findall("console")):
        target = child(console, "target")
        target.set("port", target.get("port", str(index)))
        if not hvm:
            target.set("type", target.get("type", "xen"))
    if devices.find("controller[@type='xenbus']") is None:
        etree.SubElement(devices, "controller", type="xenbus", index="0")
    _add_inputs(devices, "ps2" if hvm else "xen")
    if devices.find("memballoon") is None:
        etree.SubElement(devices, "memballoon", model="xen")


def _add_inputs(devices: Element, bus: str) -> None:
    for kind in ("mouse", "keyboard"):
        if devices.find(f"input[@type='{kind}'][@bus='{bus}']") is None:
            etree.SubElement(devices, "input", type=kind, bus=bus)
