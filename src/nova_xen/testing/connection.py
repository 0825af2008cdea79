# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""A libvirt connection to a fake host: virConnect as far as a host driver needs it."""

from __future__ import annotations

import copy
from typing import Any

import libvirt

from nova_xen.testing import errors, saved
from nova_xen.testing.calls import api
from nova_xen.testing.connection_events import ConnectionEvents
from nova_xen.testing.connection_host import ConnectionHost
from nova_xen.testing.domain import FakeDomain
from nova_xen.testing.guest import Guest
from nova_xen.testing.listing import wanted
from nova_xen.testing.registry import find, read_definition, register
from nova_xen.testing.unsupported import CONNECTION_CALLS, add_unsupported

_START_PAUSED = libvirt.VIR_DOMAIN_START_PAUSED
_START_VALIDATE = libvirt.VIR_DOMAIN_START_VALIDATE
_DEFINE_VALIDATE = libvirt.VIR_DOMAIN_DEFINE_VALIDATE


@add_unsupported(CONNECTION_CALLS)
class FakeConnection(ConnectionHost, ConnectionEvents):
    """Stands where libvirt.virConnect stands; made by FakeHost.connect()."""

    def _domain(self, guest: Guest) -> FakeDomain:
        return FakeDomain(self, guest.name, guest.uuid, guest.id)

    @api()
    def lookupByName(self, name: str) -> FakeDomain:
        """Return the guest of that name."""
        return self._found(lambda guest: guest.name == name)

    @api()
    def lookupByUUIDString(self, uuid: str) -> FakeDomain:
        """Return the guest of that UUID."""
        return self._found(lambda guest: guest.uuid == uuid.lower())

    @api()
    def lookupByID(self, number: int) -> FakeDomain:
        """Return the running guest of that domain id."""
        return self._found(lambda guest: guest.active and guest.id == number)

    def _found(self, match: Any) -> FakeDomain:
        guest = find(self._host, match)
        if guest is None:
            raise errors.error(libvirt.VIR_ERR_NO_DOMAIN)
        return self._domain(guest)

    @api()
    def listAllDomains(self, flags: int = 0) -> list[FakeDomain]:
        """Return the guests the flags ask for, Domain-0 among them."""
        guests = self._host.guests.values()
        return [self._domain(guest) for guest in guests if wanted(guest, flags)]

    @api()
    def listDomainsID(self) -> list[int]:
        """Return the ids of the running guests."""
        return [guest.id for guest in self._host.guests.values() if guest.active]

    @api()
    def listDefinedDomains(self) -> list[str]:
        """Return the names of the guests that do not run."""
        guests = self._host.guests.values()
        return [guest.name for guest in guests if not guest.active]

    @api()
    def numOfDomains(self) -> int:
        """Return how many guests run."""
        return sum(guest.active for guest in self._host.guests.values())

    @api()
    def numOfDefinedDomains(self) -> int:
        """Return how many guests are defined and do not run."""
        return sum(not guest.active for guest in self._host.guests.values())

    @api("define")
    def defineXML(self, xml: str) -> FakeDomain:
        """Keep a guest's definition."""
        return self._define(xml, 0)

    @api("define")
    def defineXMLFlags(self, xml: str, flags: int = 0) -> FakeDomain:
        """Keep a guest's definition, checked against the schema when asked."""
        return self._define(xml, flags)

    def _define(self, xml: str, flags: int) -> FakeDomain:
        errors.check_flags(flags, _DEFINE_VALIDATE, "libxlDomainDefineXMLFlags")
        document = read_definition(xml, bool(flags & _DEFINE_VALIDATE))
        guest, known = register(self._host, document, live=False)
        guest.persistent = True
        detail = (
            libvirt.VIR_DOMAIN_EVENT_DEFINED_UPDATED
            if known
            else libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED
        )
        self._host.lifecycle(copy.copy(guest), libvirt.VIR_DOMAIN_EVENT_DEFINED, detail)
        return self._domain(guest)

    @api("create")
    def createXML(self, xml: str, flags: int = 0) -> FakeDomain:
        """Start a transient guest."""
        known = _START_PAUSED | _START_VALIDATE
        errors.check_flags(flags, known, "libxlDomainCreateXML")
        document = read_definition(xml, bool(flags & _START_VALIDATE))
        guest, _ = register(self._host, document, live=True)
        try:
            self._host.start(guest, bool(flags & _START_PAUSED))
        except libvirt.libvirtError:
            self._host.drop_transient(guest)
            raise
        return self._domain(guest)

    @api()
    def restore(self, path: str) -> int:
        """Start a guest from a file that save() wrote."""
        return self._restore(path, 0)

    @api()
    def restoreFlags(self, path: str, dxml: str | None = None, flags: int = 0) -> int:
        """Start a guest from a file that save() wrote, paused when asked."""
        errors.check_flags(
            flags, libvirt.VIR_DOMAIN_SAVE_PAUSED, "libxlDomainRestoreFlags"
        )
        if dxml is not None:
            code = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
            raise errors.error(code, "xml modification unsupported")
        return self._restore(path, flags)

    def _restore(self, path: str, flags: int) -> int:
        document, whole = saved.read(path)
        guest, _ = register(self._host, document, live=True)
        paused = bool(flags & libvirt.VIR_DOMAIN_SAVE_PAUSED)
        try:
            self._host.start(guest, paused, restored=True, whole=whole)
        except libvirt.libvirtError:
            self._host.drop_transient(guest)
            raise
        return 0
