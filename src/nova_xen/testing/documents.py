# SPDX-License-Identifier: Apache-2.0
"""Domain XML as libvirt reads it: schema, defaults and what parsing refuses."""

from __future__ import annotations

import functools
import itertools
import random
import re
import uuid
from importlib import resources

import libvirt
from lxml import etree

from nova_xen.testing import errors
from nova_xen.testing.errors import Origin

Element = etree._Element

SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
_UNITS = {
    "b": 1,
    "bytes": 1,
    "KB": 1000,
    "k": 1024,
    "KiB": 1024,
    "MB": 1000**2,
    "M": 1024**2,
    "MiB": 1024**2,
    "GB": 1000**3,
    "G": 1024**3,
    "GiB": 1024**3,
    "TB": 1000**4,
    "T": 1024**4,
    "TiB": 1024**4,
}
_MACHINES = {"linux": "xenpv", "xen": "xenpv", "xenpvh": "xenpvh", "hvm": "xenfv"}
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


def recording(name: str) -> str:
    """Return a document recorded on a real Xen host, from the package's data."""
    return resources.files(__package__).joinpath("data", name).read_text()


def parse(text: str) -> Element:
    """Return the root of an XML text, or raise libvirt's error for a broken one."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as broken:
        code = libvirt.VIR_ERR_XML_DETAIL
        raise errors.error(
            code, f"(domain_definition):{broken}", Origin.DOMAIN
        ) from None


def to_text(root: Element) -> str:
    """Return an element as libvirt prints it: indented, without a declaration."""
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


@functools.lru_cache(maxsize=1)
def schema() -> etree.RelaxNG:
    """Return libvirt's own schema of a domain (package libvirt0)."""
    return etree.RelaxNG(etree.parse(SCHEMA))


def validate(root: Element) -> None:
    """Refuse what the schema refuses, as VIR_DOMAIN_DEFINE_VALIDATE does."""
    if not schema().validate(root):
        detail = f"Unable to validate doc against {SCHEMA}\n{schema().error_log}"
        raise errors.error(libvirt.VIR_ERR_XML_INVALID_SCHEMA, detail, Origin.XML)


def kib(element: Element | None) -> int | None:
    """Return a memory element's size in KiB (its unit defaults to KiB)."""
    if element is None or not element.text:
        return None
    unit = element.get("unit", "KiB")
    return -(-int(element.text) * _UNITS[unit] // 1024)


def child(parent: Element, tag: str, position: int | None = None) -> Element:
    """Return the child of that name, made when missing."""
    found = parent.find(tag)
    if found is not None:
        return found
    made = etree.Element(tag)
    if position is None:
        parent.append(made)
    else:
        parent.insert(position, made)
    return made


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
    _set_devices(root)
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
        detail = "Memory size must be specified via <memory> or in the <numa>"
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
    if int(vcpu.get("current", vcpu.text)) > int(vcpu.text):
        detail = (
            f"maxvcpus must not be less than current vcpus "
            f"({vcpu.text} < {vcpu.get('current')})"
        )
        raise errors.error(libvirt.VIR_ERR_XML_ERROR, detail, Origin.DOMAIN)


def _set_os(root: Element) -> None:
    os_type = root.find("os/type")
    if os_type is None or not os_type.text:
        if root.find("bootloader") is None:
            raise errors.error(libvirt.VIR_ERR_OS_TYPE, None, Origin.DOMAIN)
        os_type = child(child(root, "os"), "type")
        os_type.text = "linux"
    text, virt = os_type.text or "", root.get("type", "")
    arch = os_type.get("arch", "x86_64")
    if virt != "xen" or text not in _MACHINES or arch not in _ARCHES:
        raise _no_capabilities(
            "xen" if (text, virt) == ("linux", "xen") else text, arch, virt
        )
    os_type.set("arch", arch)
    # libvirt keeps a machine it has never heard of: the type alone decides.
    os_type.set("machine", os_type.get("machine", _MACHINES[text]))
    os_type.text = "linux" if text == "xen" else text


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


def _set_devices(root: Element) -> None:
    devices = child(root, "devices")
    for disk in devices.findall("disk"):
        normalize_disk(disk)
    targets = [target.get("dev") for target in devices.findall("disk/target")]
    for target in targets:
        if targets.count(target) > 1:
            detail = f"target '{target}' duplicated for disk sources "
            code = libvirt.VIR_ERR_XML_ERROR
            raise errors.error(code, detail, Origin.DOMAIN)
    for nic in devices.findall("interface"):
        normalize_nic(nic)
    _add_implied_devices(root, devices)


def normalize_disk(disk: Element) -> None:
    """Fill in what libvirt fills in for a disk: device, bus and format."""
    disk.set("device", disk.get("device", "disk"))
    target = disk.find("target")
    if target is None or not target.get("dev"):
        detail = to_text(disk).strip()
        raise errors.error(libvirt.VIR_ERR_NO_TARGET, detail, Origin.DOMAIN)
    if target.get("bus") is None:
        target.set("bus", _bus_of(target.get("dev", "")))
    driver = disk.find("driver")
    if driver is not None and driver.get("name") and driver.get("type") is None:
        driver.set("type", "raw")


def _bus_of(target: str) -> str:
    for prefix, bus in (("hd", "ide"), ("sd", "scsi"), ("vd", "virtio")):
        if target.startswith(prefix):
            return bus
    return "xen" if target.startswith("xvd") else "ide"


def normalize_nic(nic: Element) -> None:
    """Give a network device the address libvirt would make, in Xen's range."""
    mac = child(nic, "mac", 0)
    if not mac.get("address"):
        tail = ":".join(f"{random.randrange(256):02x}" for _ in range(3))  # noqa: S311
        mac.set("address", f"00:16:3e:{tail}")
    mac.set("address", mac.get("address", "").lower())
    target = nic.find("target")
    if target is not None and re.match(r"vif|vnet", target.get("dev", "")):
        nic.remove(target)


def _add_implied_devices(root: Element, devices: Element) -> None:
    hvm = root.findtext("os/type") == "hvm"
    if not hvm and devices.find("console") is None:
        console = etree.SubElement(devices, "console", type="pty")
        etree.SubElement(console, "target", type="xen", port="0")
    if not hvm:
        for target in devices.findall("console/target"):
            target.set("type", target.get("type", "xen"))
    if devices.find("controller[@type='xenbus']") is None:
        etree.SubElement(devices, "controller", type="xenbus", index="0")
    if hvm or devices.find("graphics") is not None:
        _add_inputs(devices, "ps2" if hvm else "xen")
    elif devices.find("input") is None:
        _add_inputs(devices, "xen")
    if devices.find("memballoon") is None:
        etree.SubElement(devices, "memballoon", model="xen")


def _add_inputs(devices: Element, bus: str) -> None:
    for kind in ("mouse", "keyboard"):
        if devices.find(f"input[@type='{kind}']") is None:
            etree.SubElement(devices, "input", type=kind, bus=bus)


def numbered_nics(devices: Element) -> itertools.chain[tuple[int, Element]]:
    """Return the network devices with the number libxl gives each."""
    return itertools.chain(enumerate(devices.findall("interface")))
