# SPDX-License-Identifier: Apache-2.0
"""``<domain>``: the whole document of a guest."""

from nova_xen.domain.character import Console, Serial
from nova_xen.domain.disk import Disk
from nova_xen.domain.display import Graphics, Input, Video
from nova_xen.domain.interface import Interface
from nova_xen.domain.metadata import NovaInstance
from nova_xen.domain.platform import Clock, Features, Memballoon, Os, VcpuPin
from nova_xen.domain.tree import fromstring, tostring
from nova_xen.domain.xml import Element, child, children, element, value


@element("devices")
class Devices(Element):
    """Everything plugged in."""

    disks: tuple[Disk, ...] = children(default=())
    interfaces: tuple[Interface, ...] = children(default=())
    serials: tuple[Serial, ...] = children(default=())
    consoles: tuple[Console, ...] = children(default=())
    inputs: tuple[Input, ...] = children(default=())
    graphics: tuple[Graphics, ...] = children(default=())
    videos: tuple[Video, ...] = children(default=())
    memballoon: Memballoon | None = child(default=None)


@element("domain")
class Domain(Element):
    """A guest; memory in KiB, ``shares`` is the weight of Xen's credit scheduler."""

    type: str = value("@type", default="xen")
    name: str = value("name")
    uuid: str = value("uuid")
    instance: NovaInstance | None = child("metadata", default=None)
    memory: int = value("memory")
    current_memory: int | None = value("currentMemory", default=None)
    vcpus: int = value("vcpu")
    shares: int | None = value("cputune/shares", default=None)
    vcpupins: tuple[VcpuPin, ...] = children("cputune", default=())
    bootloader: str | None = value("bootloader", default=None)
    bootloader_args: str | None = value("bootloader_args", default=None)
    os: Os = child()
    features: Features | None = child(default=None)
    clock: Clock | None = child(default=None)
    on_poweroff: str | None = value("on_poweroff", default=None)
    on_reboot: str | None = value("on_reboot", default=None)
    on_crash: str | None = value("on_crash", default=None)
    devices: Devices = child()


def format_domain(domain: Domain) -> str:
    """The document that libvirt is given."""
    return tostring(domain.to_xml())


def parse_domain(text: str) -> Domain:
    """Read a document, ours or a dump of libvirt's.

    :raises ValueError: no domain document
    """
    node = fromstring(text)
    if node.tag != "domain":
        raise ValueError(f"<{node.tag}> is no domain document")
    return Domain.from_xml(node)
