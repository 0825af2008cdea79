# SPDX-License-Identifier: Apache-2.0
"""Displays and serial lines of a definition: what libvirt adds beside them."""

from __future__ import annotations

import copy

from lxml import etree

from nova_xen.testing.xmltext import Element, attribute, child

# KiB of video memory by model, for guests with QEMU and for those without.
_HVM_MEMORY = {"cirrus": "8192", "vga": "16384", "xen": "16384", "qxl": "131072"}
_PV_MEMORY = "4096"


def complete(root: Element, devices: Element) -> None:
    """Add listeners, video devices and the console of a serial line."""
    hvm = root.findtext("os/type") == "hvm"
    for graphics in devices.findall("graphics"):
        _add_listener(graphics)
        _set_port(graphics)
    if devices.find("graphics") is not None:
        _add_video(devices, hvm)
    if hvm:
        _add_serial_console(devices)


def _add_listener(graphics: Element) -> None:
    if graphics.find("listen") is None:
        listener = etree.SubElement(graphics, "listen", type="address")
        if address := graphics.get("listen"):
            listener.set("address", address)
        return
    first = graphics.find("listen")
    if first is not None and first.get("address"):
        graphics.set("listen", first.get("address", ""))


def _set_port(graphics: Element) -> None:
    if graphics.get("type") != "vnc":
        return
    if graphics.get("port") in (None, "-1"):
        graphics.set("autoport", "yes")
    if graphics.get("autoport") == "yes":
        graphics.set("port", "-1")
    else:
        graphics.set("autoport", "no")


def _add_video(devices: Element, hvm: bool) -> None:
    if devices.find("video") is None:
        etree.SubElement(devices, "video")
    for index, video in enumerate(devices.findall("video")):
        model = video.find("model")
        if model is None:
            model = etree.SubElement(video, "model")
        kind = model.get("type") or ("cirrus" if hvm else "xen")
        model.set("type", kind)
        memory = _HVM_MEMORY.get(kind, "16384") if hvm else _PV_MEMORY
        model.set("vram", model.get("vram", memory))
        model.set("heads", model.get("heads", "1"))
        if index == 0:
            model.set("primary", "yes")


def _add_serial_console(devices: Element) -> None:
    serial, first = devices.find("serial"), devices.find("console")
    kind = None if first is None else attribute(first, "target", "type")
    if first is not None and serial is None and kind in (None, "serial"):
        _become_serial(devices, first)
        return
    if serial is None or kind == "serial":
        return
    console = etree.Element(
        "console", {str(k): str(v) for k, v in serial.attrib.items()}
    )
    place = len(devices) if first is None else devices.index(first)
    devices.insert(place, console)
    for part in serial:
        if part.tag != "target":
            console.append(copy.deepcopy(part))
    etree.SubElement(console, "target", type="serial", port="0")


def _become_serial(devices: Element, console: Element) -> None:
    """Make the serial line that a console of no other kind stands for."""
    child(console, "target").set("type", "serial")
    serial = etree.Element("serial", {"type": console.get("type", "pty")})
    etree.SubElement(serial, "target", port="0")
    devices.insert(devices.index(console), serial)
