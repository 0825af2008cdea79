# SPDX-License-Identifier: Apache-2.0
"""A migration between two fake hosts, in the phases libvirt has."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import libvirt

from nova_xen.testing import abi, documents, errors, xmltext
from nova_xen.testing.guest import Guest, Job
from nova_xen.testing.registry import read_definition, register

if TYPE_CHECKING:
    from nova_xen.testing.host import FakeHost

_PERFORM = "remoteDispatchDomainMigratePerform3Params"
_PREPARE = "remoteDispatchDomainMigratePrepare3Params"
_SEND_FAILED = "Failed to send migration data to destination host"
_NOT_RUNNING = "Migration failed. Domain is not running on destination host"


class Migration:
    """One guest's way from one host to another."""

    def __init__(
        self,
        source: FakeHost,
        target: FakeHost,
        parameters: dict[str, Any],
        flags: int,
    ) -> None:
        self._source = source
        self._target = target
        self._parameters = parameters
        self._flags = flags

    def run(self, guest: Guest) -> None:
        """Move the guest, or raise and leave it at the source."""
        with self._job(self._source, guest, _PERFORM):
            with self._source.lock:
                guest.check_active()
                xml = self._begin(guest)
            with self._target.lock:
                arriving = self._prepare(xml)
            with self._job(self._target, arriving, _PREPARE):
                copied = self._copy(guest)
                self._finish(arriving, copied, guest)
            self._confirm(guest)

    @contextmanager
    def _job(self, host: FakeHost, guest: Guest, holder: str) -> Iterator[None]:
        guest.job = Job(holder)
        try:
            yield
        finally:
            with host.lock:
                guest.job = None
                host.changed.notify_all()

    def _begin(self, guest: Guest) -> str:
        wanted = self._parameters.get(libvirt.VIR_MIGRATE_PARAM_DEST_XML)
        if guest.current.find("devices/hostdev") is not None:
            raise errors.operation_invalid("domain has assigned host devices")
        if wanted is None:
            return xmltext.to_text(copy.deepcopy(guest.current))
        given = documents.normalized(xmltext.parse(str(wanted)))
        abi.check_same(guest.current, given)
        return str(wanted)

    def _prepare(self, xml: str) -> Guest:
        document = read_definition(xml, validated=False)
        name = self._parameters.get(libvirt.VIR_MIGRATE_PARAM_DEST_NAME)
        element = document.find("name")
        if name is not None and element is not None:
            element.text = str(name)
        guest, _ = register(self._target, document, live=True)
        return guest

    def _copy(self, guest: Guest) -> bool:
        live = bool(self._flags & libvirt.VIR_MIGRATE_LIVE)
        if live and guest.os_type == "linux" and not self._source.shadow:
            # Xen's log of dirty pages needs shadow paging for PV guests.
            return False
        copying = self._source.take_copying()
        return copying is None or copying.copy()

    def _finish(self, arriving: Guest, copied: bool, guest: Guest) -> None:
        with self._target.lock:
            if not copied:
                self._target.drop_transient(arriving)
                code = libvirt.VIR_ERR_INTERNAL_ERROR
                raise errors.error(code, _SEND_FAILED)
            try:
                self._target.start(arriving, True, restored=True)
            except libvirt.libvirtError:
                self._target.drop_transient(arriving)
                code = libvirt.VIR_ERR_OPERATION_FAILED
                raise errors.error(code, _NOT_RUNNING) from None
            arriving.cpu_time = guest.cpu_time
            self._arrive(arriving)

    def _arrive(self, guest: Guest) -> None:
        if not self._flags & libvirt.VIR_MIGRATE_PAUSED:
            guest.set_state(
                libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATED
            )
            event = libvirt.VIR_DOMAIN_EVENT_RESUMED
            detail = libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED
        else:
            event = libvirt.VIR_DOMAIN_EVENT_SUSPENDED
            detail = libvirt.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED
        self._target.lifecycle(copy.copy(guest), event, detail)
        if self._flags & libvirt.VIR_MIGRATE_PERSIST_DEST:
            known = guest.persistent
            guest.persistent = True
            if guest.future is None:
                guest.future = copy.deepcopy(guest.current)
            detail = int(known)
            event = libvirt.VIR_DOMAIN_EVENT_DEFINED
            self._target.lifecycle(copy.copy(guest), event, detail)

    def _confirm(self, guest: Guest) -> None:
        with self._source.lock:
            if self._flags & libvirt.VIR_MIGRATE_UNDEFINE_SOURCE:
                guest.persistent = False
            self._source.stop(
                guest,
                libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED,
                libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED,
            )
