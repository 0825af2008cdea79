# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Metadata, title, description and autostart of a fake guest."""

from __future__ import annotations

import libvirt
from lxml import etree

from nova_xen.testing import errors, xmltext
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.xmltext import Element

_LIVE, _CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
_TEXTS = {
    libvirt.VIR_DOMAIN_METADATA_DESCRIPTION: "description",
    libvirt.VIR_DOMAIN_METADATA_TITLE: "title",
}


class DomainMetadata(DomainBase):
    """The part of FakeDomain that keeps what others write into a definition."""

    @api()
    def metadata(self, kind: int, uri: str | None, flags: int = 0) -> str:
        """Return the title, the description or the element of a namespace."""
        guest = self._guest()
        impact = guest.impact(flags)
        root = guest.current if impact & _LIVE else guest.config
        text = _read(root, kind, uri)
        if text is None:
            detail = "Requested metadata element is not present"
            code = libvirt.VIR_ERR_NO_DOMAIN_METADATA
            raise errors.error(code, detail, Origin.DOMAIN)
        return text

    @api()
    def setMetadata(
        self,
        kind: int,
        metadata: str | None,
        key: str | None,
        uri: str | None,
        flags: int = 0,
    ) -> int:
        """Write, or with None remove, one piece of metadata."""
        errors.check_flags(flags, _LIVE | _CONFIG, "libxlDomainSetMetadata")
        guest = self._wait_for_job(self._guest())
        impact = guest.impact(flags)
        if impact & _LIVE:
            _write(guest.current, kind, metadata, key, uri)
        if impact & _CONFIG:
            _write(guest.config, kind, metadata, key, uri)
        event = libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE
        self._host.emit(event, guest, kind, uri)
        return 0

    @api()
    def autostart(self) -> int:
        """Tell whether the guest starts with its host."""
        return int(self._guest().autostart)

    @api()
    def setAutostart(self, autostart: int) -> int:
        """Let the guest start with its host, or not."""
        guest = self._wait_for_job(self._not_domain_0())
        if not guest.persistent:
            detail = "cannot set autostart for transient domain"
            raise errors.operation_invalid(detail)
        guest.autostart = bool(autostart)
        return 0


def _read(root: Element, kind: int, uri: str | None) -> str | None:
    if kind in _TEXTS:
        return root.findtext(_TEXTS[kind])
    for element in root.iterfind("metadata/*"):
        if etree.QName(element).namespace == uri:
            return _without_namespace(element)
    return None


def _without_namespace(element: Element) -> str:
    """Return the element as libvirt gives it back: in no namespace."""
    copied = etree.fromstring(etree.tostring(element, with_tail=False))
    space = etree.QName(copied).namespace
    for part in copied.iter("*"):
        name = etree.QName(part)
        if name.namespace == space:
            part.tag = name.localname
    etree.cleanup_namespaces(copied)
    etree.indent(copied)
    return etree.tostring(copied, encoding="unicode")


def _write(
    root: Element, kind: int, text: str | None, key: str | None, uri: str | None
) -> None:
    if kind in _TEXTS:
        _write_text(root, _TEXTS[kind], text)
        return
    holder = xmltext.child(root, "metadata", 2)
    for element in holder.findall("*"):
        if etree.QName(element).namespace == uri:
            holder.remove(element)
    if text is not None:
        holder.append(_in_namespace(xmltext.parse(text), key, uri))


def _write_text(root: Element, tag: str, text: str | None) -> None:
    element = root.find(tag)
    if element is not None:
        root.remove(element)
    if text:
        xmltext.child(root, tag, 2).text = text


def _in_namespace(element: Element, key: str | None, uri: str | None) -> Element:
    made = etree.Element(
        f"{{{uri}}}{etree.QName(element).localname}", nsmap={key or "ns0": uri or ""}
    )
    made.text = element.text
    for name, value in element.attrib.items():
        made.set(name, value)
    for part in element:
        made.append(
            part if etree.QName(part).namespace else _in_namespace(part, key, uri)
        )
    return made
