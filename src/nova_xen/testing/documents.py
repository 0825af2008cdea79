# SPDX-License-Identifier: Apache-2.0
"""Domain XML as libvirt reads it: schema, defaults and what parsing refuses."""

from __future__ import annotations

import functools
import uuid

import libvirt
from lxml import etree

from nova_xen.testing import cpusets, errors, implied
from nova_xen.testing.errors import Origin
from nova_xen.testing.xmltext import Element, child, kib

SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
# The machine is neither checked nor filled in: the type alone decides.
_OS_TYPES = {"linux", "xen", "xenpvh", "hvm"}
_ARCHES = {"x86_64", "i686"}
# What libvirt reads of a domain; it forgets every other element.
_KNOWN = frozenset(
    """
    name uuid genid title description metadata memory currentMemory maxMemory
    memoryBacking memtune blkiotune vcpu vcpus iothreads cputune numatune resource
    sysinfo bootloader bootloader_args os idmap features cpu clock on_poweroff
    on_reboot on_crash on_lockfailure pm perf devices seclabel keywrap launchSecurity
    """.split()  # noqa: SIM905 (a list of words reads better as one)
)


@functools.lru_cache(maxsize=1)
def schema() -> etree.RelaxNG:
    """Return libvirt's own schema of a domain (package libvirt0)."""
    return etree.RelaxNG(etree.parse(SCHEMA))


def validate(root: Element) -> None:
    """Refuse what the schema refuses, as VIR_DOMAIN_DEFINE_VALIDATE does."""
    if not schema().validate(root):
        detail = f"Unable to validate doc against {SCHEMA}\n"
        detail += "".join(f"{entry.message}\n" for entry in schema().error_log)
        raise errors.error(libvirt.VIR_ERR_XML_INVALID_SCHEMA, detail, Origin.XML)


def normalized(root: Element) -> Element:
    """Fill in what libvirt fills in; raise what libvirt refuses while it parses."""
    if root.tag != "domain":
        detail = f"unexpected root element <{root.tag}>, expecting <domain>"
        raise errors.error(libvirt.VIR_ERR_XML_ERROR, detail, Origin.DOMAIN)
    root.attrib.pop("id", "")
    _drop_unknown(root)
    _check_name(root)
    _set_uuid(root)
    _set_memory(root)
    _set_vcpus(root)
    _set_os(root)
    _set_lifecycle(root)
    implied.set_devices(root)
    return root


def _drop_unknown(root: Element) -> None:
    for element in root.iterchildren("*"):
        if etree.QName(element).namespace is None and element.tag not in _KNOWN:
            root.remove(element)


def _check_name(root: Element) -> None:
    name = root.findtext("name")
    if not name:
        raise errors.error(libvirt.VIR_ERR_NO_NAME, None, Origin.DOMAIN)
    if "/" in name:
        detail = f"name {name} cannot contain '/'"
        raise errors.error(libvirt.VIR_ERR_XML_ERROR, detail, Origin.DOMAIN)


def _set_uuid(root: Element) -> None:
    element = child(root, "uuid", 1)
    if not element.text:
        element.text = str(uuid.uuid4())
        return
    try:
        element.text = str(uuid.UUID(element.text.strip()))
    except ValueError:
        code = libvirt.VIR_ERR_INTERNAL_ERROR
        raise errors.error(code, "malformed uuid element", Origin.DOMAIN) from None


def _set_memory(root: Element) -> None:
    total = kib(root.find("memory"))
    if not total:
        code = libvirt.VIR_ERR_XML_ERROR
        detail = (
            "Memory size must be specified via <memory> or in the <numa> configuration"
        )
        raise errors.error(code, detail, Origin.DOMAIN)
    current = kib(root.find("currentMemory")) or total
    place = root.index(child(root, "memory")) + 1
    for tag, size in (("memory", total), ("currentMemory", min(current, total))):
        element = child(root, tag, place)
        element.attrib.clear()
        element.set("unit", "KiB")
        element.text = str(size)


def _set_vcpus(root: Element) -> None:
    vcpu = child(root, "vcpu", root.index(child(root, "currentMemory")) + 1)
    vcpu.text = vcpu.text or "1"
    vcpu.set("placement", vcpu.get("placement", "static"))
    for pinned in (vcpu, *root.findall("cputune/*[@cpuset]")):
        if cpuset := pinned.get("cpuset"):
            pinned.set("cpuset", cpusets.normalized(cpuset))
    if int(vcpu.get("current", vcpu.text)) > int(vcpu.text):
        detail = "maximum vCPU count must not be less than current vCPU count"
        raise errors.error(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, detail, Origin.DOMAIN)


def _set_os(root: Element) -> None:
    os_type = root.find("os/type")
    if os_type is None or not os_type.text:
        if root.find("bootloader") is None:
            raise errors.error(libvirt.VIR_ERR_OS_TYPE, None, Origin.DOMAIN)
        os_type = child(child(root, "os"), "type")
        os_type.text = "linux"
    text, virt = os_type.text or "", root.get("type", "")
    arch = os_type.get("arch", "x86_64")
    if virt != "xen" or text not in _OS_TYPES or arch not in _ARCHES:
        raise _no_capabilities(
            "xen" if (text, virt) == ("linux", "xen") else text, arch, virt
        )
    os_type.set("arch", arch)
    os_type.text = "linux" if text == "xen" else text
    if text == "hvm" and root.find("os/boot") is None and not _has_boot_order(root):
        etree.SubElement(child(root, "os"), "boot", dev="hd")


def _has_boot_order(root: Element) -> bool:
    return root.find("devices/*/boot") is not None


def _no_capabilities(os_type: str, arch: str, virt: str) -> Exception:
    detail = (
        f"could not find capabilities for ostype={os_type} arch={arch} "
        f"domaintype={virt} "
    )
    code = libvirt.VIR_ERR_INVALID_ARG
    made: Exception = errors.error(code, detail, Origin.CAPABILITIES)
    return made


def _set_lifecycle(root: Element) -> None:
    if root.find("clock") is None:
        etree.SubElement(root, "clock", offset="utc")
    defaults = {"on_poweroff": "destroy", "on_reboot": "restart", "on_crash": "destroy"}
    for tag, default in defaults.items():
        element = child(root, tag)
        element.text = element.text or default
    devices = child(root, "devices")
    root.remove(devices)
    root.append(devices)
