# SPDX-License-Identifier: Apache-2.0
"""Rules of cards, consoles, screens and pointers."""

import re
from collections.abc import Iterator

from nova_xen.domain import Domain
from nova_xen.model import GuestMode
from nova_xen.rules.base import mode_of, rule

MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)
MODELS = ("netfront", "e1000", "rtl8139", "ne2k_pci", "pcnet")
#: Linux takes names of 15 bytes, and libxl adds "-emu" for an emulated card's tap
IFNAME_LIMIT = 15
EMULATED_IFNAME_LIMIT = IFNAME_LIMIT - len("-emu")
#: least and most video memory, KiB: libvirt's libxl_conf.c; QEMU's cirrus_vga.c
VRAM = {
    "cirrus": (8 * 1024, 16 * 1024),
    "vga": (16 * 1024, 256 * 1024),
    "xen": (16 * 1024, 256 * 1024),
}
VNC_PASSWORD_LIMIT = 8


@rule("XEN020")
def interface_type(domain: Domain) -> Iterator[str]:
    """Xen makes its own vif and plugs it into a bridge."""
    for nic in domain.devices.interfaces:
        if nic.type != "bridge" or not nic.bridge:
            yield f"interface {nic.mac} is not on a bridge"


@rule("XEN021")
def interface_model(domain: Domain) -> Iterator[str]:
    """libxl: only netfront for PV(H); HVM has five."""
    mode = mode_of(domain)
    possible = MODELS if mode is GuestMode.HVM else ("netfront",)
    for nic in domain.devices.interfaces:
        if nic.model is not None and nic.model not in possible:
            yield f"interface {nic.mac}: a {mode} guest has no card {nic.model}"


@rule("XEN022")
def interface_mac(domain: Domain) -> Iterator[str]:
    """Without a MAC libvirt makes a new one at each definition."""
    seen: set[str] = set()
    for nic in domain.devices.interfaces:
        mac = (nic.mac or "").lower()
        if not MAC.fullmatch(mac) or int(mac[:2], 16) & 1:
            yield f"interface on {nic.bridge}: {nic.mac} is no unicast MAC address"
        elif mac in seen:
            yield f"two interfaces have the MAC address {mac}"
        seen.add(mac)


@rule("XEN023")
def interface_name(domain: Domain) -> Iterator[str]:
    """Linux limits the name; libvirt drops names that begin with vif."""
    mode = mode_of(domain)
    for nic in domain.devices.interfaces:
        if nic.target_dev is None:
            continue
        emulated = mode is GuestMode.HVM and nic.model != "netfront"
        limit = EMULATED_IFNAME_LIMIT if emulated else IFNAME_LIMIT
        if len(nic.target_dev.encode()) > limit:
            yield f"interface name {nic.target_dev} is longer than {limit} bytes"
        if nic.target_dev.startswith("vif"):
            yield f"interface name {nic.target_dev} begins with vif, which is Xen's own"


@rule("XEN030")
def console(domain: Domain) -> Iterator[str]:
    """PV and PVH have Xen's console only."""
    for device in domain.devices.consoles:
        if mode_of(domain) is not GuestMode.HVM and device.target_type not in (
            None,
            "xen",
        ):
            yield f"the console is {device.target_type}, and a PV(H) guest has xen only"


@rule("XEN031")
def serial(domain: Domain) -> Iterator[str]:
    """Serial ports are emulated, and only HVM is."""
    mode = mode_of(domain)
    if domain.devices.serials and mode is not GuestMode.HVM:
        yield f"a {mode} guest has no serial port"
    for port in domain.devices.serials:
        if port.type == "file" and not (port.source_path or "").startswith("/"):
            yield "a serial port into a file needs its absolute path"


@rule("XEN032")
def graphics(domain: Domain) -> Iterator[str]:
    """The device model of Debian's Xen has VNC; libxl takes one."""
    found = domain.devices.graphics
    if len(found) > 1:
        yield "libxl gives a guest one screen"
    for screen in found:
        if screen.type != "vnc":
            yield f"graphics of type {screen.type} are not served, use vnc"
        if screen.passwd is not None and len(screen.passwd) > VNC_PASSWORD_LIMIT:
            yield f"a VNC password has {VNC_PASSWORD_LIMIT} characters at most"


@rule("XEN033")
def video(domain: Domain) -> Iterator[str]:
    """Cards that libxl knows, with the memory it insists on."""
    mode = mode_of(domain)
    for card in domain.devices.videos:
        if mode is not GuestMode.HVM:
            if card.model != "xen":
                yield f"a {mode} guest has the video model xen only"
        elif card.model not in VRAM:
            yield f"the video model {card.model} is not served by libxl"
        elif card.vram is not None:
            least, most = VRAM[card.model]
            if not least <= card.vram <= most:
                yield (
                    f"the video model {card.model} takes {least} to {most} KiB, not "
                    f"{card.vram}"
                )


@rule("XEN034")
def usb_input(domain: Domain) -> Iterator[str]:
    """Only HVM has USB."""
    mode = mode_of(domain)
    for device in domain.devices.inputs:
        if device.bus == "usb" and mode is not GuestMode.HVM:
            yield f"a {mode} guest has no USB, so no {device.type} on it"
        if device.bus == "usb" and device.type not in ("tablet", "mouse"):
            yield f"libxl has no {device.type} on USB"
