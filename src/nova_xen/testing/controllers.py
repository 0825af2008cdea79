# SPDX-License-Identifier: Apache-2.0
"""Addresses of emulated disks and the controllers they need."""

from __future__ import annotations

from lxml import etree

from nova_xen.testing.xmltext import Element, attribute

_PER_BUS = {"ide": 2, "scsi": 7}
_BUSES = {"ide": 2, "scsi": 1}


def add(devices: Element) -> None:
    """Give IDE and SCSI disks their addresses, and the controllers for these."""
    for disk in devices.findall("disk"):
        bus = attribute(disk, "target", "bus") or ""
        if bus in _PER_BUS:
            controller = _set_address(disk, bus)
            _add_controller(devices, bus, controller)


def _set_address(disk: Element, bus: str) -> int:
    number = _number(attribute(disk, "target", "dev") or "")
    controller, rest = divmod(number, _PER_BUS[bus] * _BUSES[bus])
    line, unit = divmod(rest, _PER_BUS[bus])
    if disk.find("address") is None:
        etree.SubElement(
            disk,
            "address",
            type="drive",
            controller=str(controller),
            bus=str(line),
            target="0",
            unit=str(unit),
        )
    return controller


def _number(device: str) -> int:
    """Return a device's number: hda is 0, hdaa is 26."""
    number = 0
    for letter in device[2:].rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1


def _add_controller(devices: Element, bus: str, index: int) -> None:
    if devices.find(f"controller[@type='{bus}'][@index='{index}']") is None:
        etree.SubElement(devices, "controller", type=bus, index=str(index))
