# SPDX-License-Identifier: Apache-2.0
"""What a definition given to a migration must not change of the guest."""

from __future__ import annotations

from collections.abc import Callable

import libvirt

from nova_xen.testing import devices, errors, xmltext
from nova_xen.testing.errors import Origin
from nova_xen.testing.xmltext import Element

Read = Callable[[Element], object]

# What libvirt compares first, in its words and its order.
_FACTS: tuple[tuple[str, Read], ...] = (
    ("domain uuid", lambda root: root.findtext("uuid")),
    ("domain name", lambda root: f"'{root.findtext('name')}'"),
    ("domain max memory", lambda root: xmltext.kib(root.find("memory"))),
    ("domain current memory", lambda root: xmltext.kib(root.find("currentMemory"))),
    ("domain vCPU max", lambda root: root.findtext("vcpu")),
    ("domain OS type", lambda root: root.findtext("os/type")),
    ("domain disk count", lambda root: len(root.findall("devices/disk"))),
    ("domain net card count", lambda root: len(root.findall("devices/interface"))),
)
_DEVICES: tuple[tuple[str, str, Read], ...] = (
    ("disk", "devices/disk", devices.target_of),
    ("network card mac", "devices/interface", devices.mac_of),
)


def check_same(source: Element, target: Element) -> None:
    """Refuse a target definition that is another machine than the source."""
    for what, read in _FACTS:
        _compare(what, read(source), read(target))
    for what, path, read in _DEVICES:
        pairs = zip(source.findall(path), target.findall(path), strict=True)
        for old, new in pairs:
            _compare(what, read(old), read(new))


def _compare(what: str, old: object, new: object) -> None:
    if old != new:
        detail = f"Target {what} {new} does not match source {old}"
        code = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
        raise errors.error(code, detail, Origin.DOMAIN)
