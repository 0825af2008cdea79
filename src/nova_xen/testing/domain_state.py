# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""What a guest is and how it is: name, state, definition."""

from __future__ import annotations

import copy
import uuid as uuids
from typing import TYPE_CHECKING

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase

if TYPE_CHECKING:
    from nova_xen.testing.connection import FakeConnection

_XML_FLAGS = (
    libvirt.VIR_DOMAIN_XML_SECURE
    | libvirt.VIR_DOMAIN_XML_INACTIVE
    | libvirt.VIR_DOMAIN_XML_MIGRATABLE
)


class DomainState(DomainBase):
    """The part of FakeDomain that only looks."""

    def name(self) -> str:
        """Return the guest's name; no call to the daemon."""
        return self._name

    def UUIDString(self) -> str:
        """Return the guest's UUID; no call to the daemon."""
        return self._uuid

    def UUID(self) -> bytes:
        """Return the guest's UUID as bytes; no call to the daemon."""
        return uuids.UUID(self._uuid).bytes

    def ID(self) -> int:
        """Return the domain id as last seen by this object, -1 when it had none."""
        return self._id

    def connect(self) -> FakeConnection:
        """Return the connection of this object."""
        return self._connection

    @api()
    def OSType(self) -> str:
        """Return xen, xenpvh or hvm."""
        os_type = self._guest().os_type
        return "xen" if os_type == "linux" else os_type

    @api()
    def state(self, flags: int = 0) -> list[int]:
        """Return [state, reason]."""
        errors.check_flags(flags, 0, "libxlDomainGetState")
        guest = self._guest()
        return [guest.state, guest.reason]

    @api()
    def info(self) -> list[int]:
        """Return [state, max KiB, KiB, cpus, CPU time in ns]."""
        guest = self._guest()
        memory = guest.memory_kib
        if not guest.active:
            memory = xmltext.kib(guest.current.find("currentMemory")) or 0
        cpus = xmltext.child(guest.current, "vcpu")
        online = int(cpus.get("current", cpus.text or "1"))
        return [guest.state, guest.max_memory_kib, memory, online, guest.cpu_time]

    @api()
    def isActive(self) -> int:
        """Tell whether the guest has a Xen domain."""
        return int(self._guest().active)

    @api()
    def isPersistent(self) -> int:
        """Tell whether the guest is defined."""
        return int(self._guest().persistent)

    @api()
    def isUpdated(self) -> int:
        """Answer no, as libxl always does."""
        self._guest()
        return 0

    @api()
    def maxMemory(self) -> int:
        """Return the most memory the guest may have, in KiB."""
        return self._guest().max_memory_kib

    @api()
    def messages(self, flags: int = 0) -> list[str]:
        """Return no messages."""
        self._guest()
        return []

    @api()
    def XMLDesc(self, flags: int = 0) -> str:
        """Return the definition: of now, or with INACTIVE of the next start."""
        errors.check_flags(flags, _XML_FLAGS, "libxlDomainGetXMLDesc")
        guest = self._guest()
        inactive = bool(flags & libvirt.VIR_DOMAIN_XML_INACTIVE)
        root = copy.deepcopy(guest.config if inactive else guest.current)
        if guest.active and not inactive:
            root.set("id", str(guest.id))
        if not flags & libvirt.VIR_DOMAIN_XML_SECURE:
            for graphics in root.findall("devices/graphics"):
                graphics.attrib.pop("passwd", "")
        return xmltext.to_text(root)
