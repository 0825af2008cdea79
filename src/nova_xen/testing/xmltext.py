# SPDX-License-Identifier: Apache-2.0
"""XML as text and as elements: reading, printing, sizes."""

from __future__ import annotations

from importlib import resources

import libvirt
from lxml import etree

from nova_xen.testing import errors
from nova_xen.testing.errors import Origin

Element = etree._Element

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


def recording(name: str) -> str:
    """Return a document recorded on a real Xen host, from the package's data."""
    return resources.files(__package__).joinpath("data", name).read_text()


def parse(text: str) -> Element:
    """Return the root of an XML text, or raise libvirt's error for a broken one."""
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as broken:
        detail = f"(domain_definition):{broken.lineno}: {broken.msg}"
        code = libvirt.VIR_ERR_XML_DETAIL
        raise errors.error(code, detail, Origin.DOMAIN) from None


def to_text(root: Element) -> str:
    """Return an element as libvirt prints it: indented, without a declaration."""
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


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


def attribute(parent: Element, tag: str, name: str) -> str | None:
    """Return an attribute of a child; None without the child or the attribute."""
    element = parent.find(tag)
    return None if element is None else element.get(name)
