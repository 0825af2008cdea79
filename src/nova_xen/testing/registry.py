# SPDX-License-Identifier: Apache-2.0
"""How a definition becomes a guest of a host, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable

import libvirt

from nova_xen.testing import documents, errors, xmltext
from nova_xen.testing.errors import Origin
from nova_xen.testing.guest import Guest
from nova_xen.testing.host import FakeHost
from nova_xen.testing.xmltext import Element


def read_definition(xml: str, validated: bool) -> Element:
    """Return a definition as libvirt keeps it, or raise what it refuses."""
    root = xmltext.parse(xml)
    if validated:
        documents.validate(root)
    return documents.normalized(root)


def find(host: FakeHost, match: Callable[[Guest], bool]) -> Guest | None:
    """Return the first guest that matches."""
    return next((guest for guest in host.guests.values() if match(guest)), None)


def register(host: FakeHost, document: Element, live: bool) -> tuple[Guest, bool]:
    """Give a definition to its guest, made when new; tell whether it was known.

    `live` stands for a definition that runs at once: a running guest refuses it.
    """
    name = document.findtext("name", "")
    uuid = document.findtext("uuid", "")
    guest = host.guests.get(uuid)
    if guest is None:
        _check_name_free(host, name)
        guest = host.guests[uuid] = Guest(name, uuid, document)
        return guest, False
    _check_same(guest, name, live)
    if live:
        guest.future = guest.future if guest.future is not None else guest.current
        guest.current = document
    else:
        guest.assign(document)
    return guest, True


def _check_name_free(host: FakeHost, name: str) -> None:
    other = find(host, lambda guest: guest.name == name)
    if other is not None:
        detail = f"domain '{name}' already exists with uuid {other.uuid}"
        code = libvirt.VIR_ERR_OPERATION_FAILED
        raise errors.error(code, detail, Origin.DOMAIN)


def _check_same(guest: Guest, name: str, live: bool) -> None:
    if guest.name != name:
        detail = f"domain '{guest.name}' is already defined with uuid {guest.uuid}"
        code = libvirt.VIR_ERR_OPERATION_FAILED
        raise errors.error(code, detail, Origin.DOMAIN)
    if not live:
        return
    if guest.active:
        detail = f"domain '{name}' is already active"
        raise errors.operation_invalid(detail, Origin.DOMAIN)
    if not guest.persistent:
        detail = f"domain '{name}' is already being started"
        raise errors.operation_invalid(detail, Origin.DOMAIN)
