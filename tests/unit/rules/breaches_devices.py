# SPDX-License-Identifier: Apache-2.0
"""Interfaces, consoles and screens: documents that break one rule each."""

from nova_xen.domain import Console, Graphics, Input, Interface, Serial, Video
from unit.rules.documents import (
    HVM_GUEST,
    PV_GUEST,
    Breach,
    with_devices,
    with_nic,
)

TWIN = Interface(mac="00:16:3e:11:22:33", bridge="br0", model="netfront")
BREACHES = [
    Breach(
        "XEN020",
        with_nic(PV_GUEST, bridge=""),
        "interface 00:16:3e:11:22:33 is not on a bridge",
    ),
    Breach(
        "XEN021",
        with_nic(PV_GUEST, model="e1000"),
        "interface 00:16:3e:11:22:33: a pv guest has no card e1000",
    ),
    Breach(
        "XEN022",
        with_nic(PV_GUEST, mac=None),
        "interface on br0: None is no unicast MAC address",
    ),
    Breach(
        "XEN022",
        with_devices(PV_GUEST, interfaces=(TWIN, TWIN)),
        "two interfaces have the MAC address 00:16:3e:11:22:33",
    ),
    Breach(
        "XEN023",
        with_nic(HVM_GUEST, target_dev="tap12345678-90"),
        "interface name tap12345678-90 is longer than 11 bytes",
    ),
    Breach(
        "XEN023",
        with_nic(PV_GUEST, target_dev="vif1.0"),
        "interface name vif1.0 begins with vif, which is Xen's own",
    ),
    Breach(
        "XEN030",
        with_devices(PV_GUEST, consoles=(Console(type="pty", target_type="virtio"),)),
        "the console is virtio, and a PV(H) guest has xen only",
    ),
    Breach(
        "XEN031",
        with_devices(PV_GUEST, serials=(Serial(type="pty", target_port=0),)),
        "a pv guest has no serial port",
    ),
    Breach(
        "XEN031",
        with_devices(HVM_GUEST, serials=(Serial(type="file", source_path="log"),)),
        "a serial port into a file needs its absolute path",
    ),
    Breach(
        "XEN032",
        with_devices(PV_GUEST, graphics=(Graphics(type="sdl"),)),
        "graphics of type sdl are not served, use vnc",
    ),
    Breach(
        "XEN032",
        with_devices(PV_GUEST, graphics=(Graphics(), Graphics())),
        "libxl gives a guest one screen",
    ),
    Breach(
        "XEN032",
        with_devices(PV_GUEST, graphics=(Graphics(passwd="123456789"),)),
        "a VNC password has 8 characters at most",
    ),
    Breach(
        "XEN033",
        with_devices(PV_GUEST, videos=(Video(model="vga"),)),
        "a pv guest has the video model xen only",
    ),
    Breach(
        "XEN033",
        with_devices(HVM_GUEST, videos=(Video(model="qxl"),)),
        "the video model qxl is not served by libxl",
    ),
    Breach(
        "XEN033",
        with_devices(HVM_GUEST, videos=(Video(model="cirrus", vram=32768),)),
        "the video model cirrus takes 8192 to 16384 KiB, not 32768",
    ),
    Breach(
        "XEN034",
        with_devices(PV_GUEST, inputs=(Input(type="tablet", bus="usb"),)),
        "a pv guest has no USB, so no tablet on it",
    ),
    Breach(
        "XEN034",
        with_devices(HVM_GUEST, inputs=(Input(type="keyboard", bus="usb"),)),
        "libxl has no keyboard on USB",
    ),
]
