# SPDX-License-Identifier: Apache-2.0
"""A migration between two fake hosts, in the phases libvirt has.

It belongs to the source's libvirtd, not to whoever asked for it: when that process
dies it goes on. What each disaster leaves is in interruption.py.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import libvirt

from nova_xen.testing import abi, documents, errors, xmltext
from nova_xen.testing.copying import Point
from nova_xen.testing.guest import Guest, Job
from nova_xen.testing.interruption import NOT_RUNNING, SEND_FAILED, Interruption
from nova_xen.testing.registry import read_definition, register
from nova_xen.testing.xen_domains import XenRecord

if TYPE_CHECKING:
    from nova_xen.testing.host import FakeHost

_PERFORM = "remoteDispatchDomainMigratePerform3Params"
_PREPARE = "remoteDispatchDomainMigratePrepare3Params"


class Migration(Interruption):
    """One guest's way from one host to another."""

    def __init__(
        self,
        source: FakeHost,
        target: FakeHost,
        parameters: dict[str, Any],
        flags: int,
    ) -> None:
        super().__init__(source, target, flags)
        self._parameters = parameters

    def run(self, guest: Guest) -> None:
        """Move the guest, or raise and leave it as libvirt does."""
        self.begin(guest)
        self.go_on()
        if self.error is not None:
            raise self.error

    def begin(self, guest: Guest) -> None:
        """Have the destination prepare; raise what libvirt refuses."""
        self.guest = guest
        with self.source.lock:
            guest.check_active()
            guest.job = Job(_PERFORM)
            self.domid = guest.id
        try:
            xml = self._document(guest)
            self._prepare(xml)
        except libvirt.libvirtError:
            self._free(self.source, guest)
            raise
        self._reach(Point.PREPARED)

    def go_on(self) -> None:
        """Go through every point to the end; held where a test asked for it."""
        self.source.take_hold(self.point)(self)
        while not self.over:
            self.advance()
            self.source.take_hold(self.point)(self)

    def advance(self) -> None:
        """Go to the next point; nothing when it has ended."""
        with self._lock:
            if self.over or (self._has_left() and self.cut()):
                return
            match self.point:
                case Point.PREPARED:
                    self._receive()
                case Point.COPYING:
                    self._suspend()
                case Point.STOPPED:
                    self._complete()
                case Point.RECEIVED:
                    self._start()
                case _:
                    self._confirm()

    def _has_left(self) -> bool:
        """Whether the guest has ended by itself meanwhile."""
        return self.domid not in self.source.xen

    def _document(self, guest: Guest) -> str:
        wanted = self._parameters.get(libvirt.VIR_MIGRATE_PARAM_DEST_XML)
        if guest.current.find("devices/hostdev") is not None:
            raise errors.operation_invalid("domain has assigned host devices")
        if wanted is None:
            return xmltext.to_text(copy.deepcopy(guest.current))
        given = documents.normalized(xmltext.parse(str(wanted)))
        abi.check_same(guest.current, given)
        return str(wanted)

    def _prepare(self, xml: str) -> None:
        document = read_definition(xml, validated=False)
        name = self._parameters.get(libvirt.VIR_MIGRATE_PARAM_DEST_NAME)
        element = document.find("name")
        if name is not None and element is not None:
            element.text = str(name)
        try:
            with self.target.lock:
                self.arriving, _ = register(self.target, document, live=True)
                self.arriving.job = Job(_PREPARE)
        except libvirt.libvirtError:
            self._seem_paused()
            raise

    def _reach(self, point: Point) -> None:
        self.point = point
        self.source.migrations.add(self)
        self.target.migrations.add(self)

    def _receive(self) -> None:
        """The destination makes a paused domain that fills with memory."""
        memory = self.guest.memory_kib
        with self.target.lock:
            taken = self.target.xen.named(self.arriving.name) is not None
            if taken or not self.target.fits(memory):
                self._fail(errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, SEND_FAILED))
                return
            self.arriving_domid = self.target.next_domain_id()
            self.target.xen.add(
                XenRecord(
                    domid=self.arriving_domid,
                    name=self.arriving.name,
                    uuid=self.arriving.uuid,
                    memory_kib=memory,
                    paused=True,
                )
            )
        self._copy()

    def _copy(self) -> None:
        live = bool(self.flags & libvirt.VIR_MIGRATE_LIVE)
        if live and self.guest.os_type == "linux" and not self.source.shadow:
            # Xen's log of dirty pages needs shadow paging for PV guests.
            self._fail(errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, SEND_FAILED))
            return
        if not live:
            self._stop_source()
        self.point = Point.COPYING

    def _suspend(self) -> None:
        self._stop_source()
        self.sent = self.total
        self.point = Point.STOPPED

    def _complete(self) -> None:
        """libvirt builds the rest of the domain and shows it, paused."""
        with self.target.lock:
            self.target.xen.remove(self.arriving_domid)
            try:
                self.target.start(
                    self.arriving, True, restored=True, domid=self.arriving_domid
                )
            except libvirt.libvirtError:
                code = libvirt.VIR_ERR_OPERATION_FAILED
                self._fail(errors.error(code, NOT_RUNNING))
                return
            self.arriving.cpu_time = self.guest.cpu_time
        self.point = Point.RECEIVED

    def _start(self) -> None:
        """The last phase at the destination: the guest runs there from here on."""
        arriving = self.arriving
        with self.target.lock:
            if not self.flags & libvirt.VIR_MIGRATE_PAUSED:
                self.target.xen.pause(arriving.id, False)
                arriving.set_state(
                    libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATED
                )
                event = libvirt.VIR_DOMAIN_EVENT_RESUMED
                detail = libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED
            else:
                event = libvirt.VIR_DOMAIN_EVENT_SUSPENDED
                detail = libvirt.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED
            self.target.lifecycle(copy.copy(arriving), event, detail)
            if self.flags & libvirt.VIR_MIGRATE_PERSIST_DEST:
                self._persist(arriving)
        self._free(self.target, arriving)
        self.point = Point.STARTED

    def _persist(self, guest: Guest) -> None:
        known = guest.persistent
        guest.persistent = True
        if guest.future is None:
            guest.future = copy.deepcopy(guest.current)
        event = libvirt.VIR_DOMAIN_EVENT_DEFINED
        self.target.lifecycle(copy.copy(guest), event, int(known))

    def _confirm(self) -> None:
        with self.source.lock:
            if self.flags & libvirt.VIR_MIGRATE_UNDEFINE_SOURCE:
                self.guest.persistent = False
            self.source.stop(
                self.guest,
                libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED,
                libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED,
            )
        self.point = Point.CONFIRMED
        self._end(None)
