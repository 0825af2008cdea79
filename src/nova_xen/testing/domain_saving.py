# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Save a fake guest's memory: to a file, by libvirt itself, or as a dump."""

from __future__ import annotations

import copy
import os

import libvirt

from nova_xen.testing import errors, saved
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.guest import Guest


class DomainSaving(DomainBase):
    """The part of FakeDomain that saves a guest's memory."""

    @api("save")
    def save(self, path: str) -> int:
        """Stop the guest and keep its memory in a file."""
        return self._save(path, None, 0)

    @api("save")
    def saveFlags(self, path: str, dxml: str | None = None, flags: int = 0) -> int:
        """Stop the guest and keep its memory; libxl knows no flags."""
        return self._save(path, dxml, flags)

    def _save(self, path: str, dxml: str | None, flags: int) -> int:
        errors.check_flags(flags, 0, "libxlDomainSaveFlags")
        if dxml is not None:
            code = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
            raise errors.error(code, "xml modification unsupported")
        guest = self._wait_for_job(self._not_domain_0())
        self._stop_saved(guest, path)
        return 0

    @api()
    def managedSave(self, flags: int = 0) -> int:
        """Stop the guest and keep its memory for its next start."""
        errors.check_flags(flags, 0, "libxlDomainManagedSave")
        guest = self._wait_for_job(self._not_domain_0())
        guest.check_active()
        if not guest.persistent:
            detail = "cannot do managed save for transient domain"
            raise errors.operation_invalid(detail)
        self._stop_saved(guest, self._host.saves.file(guest.name))
        guest.saved = True
        return 0

    def _stop_saved(self, guest: Guest, path: str) -> None:
        guest.check_active()
        if guest.state == libvirt.VIR_DOMAIN_PAUSED:
            detail = (
                f"Domain '{guest.id}' has to be running because libxenlight "
                "will suspend it"
            )
            raise errors.operation_invalid(detail)
        failing = guest.name in self._host.unsavable
        saved.write(path, copy.deepcopy(guest.current), whole=not failing)
        if failing:
            # as of a full disk: libvirt forgets that the guest was suspended for it
            self._host.xen.suspend(guest.id)
            detail = f"Failed to save domain '{guest.id}' with libxenlight"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
        self._host.stop(
            guest,
            libvirt.VIR_DOMAIN_SHUTOFF_SAVED,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED,
        )

    @api()
    def hasManagedSaveImage(self, flags: int = 0) -> int:
        """Tell what libvirtd noted of saved memory; it does not look for the file."""
        errors.check_flags(flags, 0, "libxlDomainHasManagedSaveImage")
        return int(self._guest().saved)

    @api()
    def managedSaveRemove(self, flags: int = 0) -> int:
        """Throw the saved memory away."""
        errors.check_flags(flags, 0, "libxlDomainManagedSaveRemove")
        guest = self._guest()
        guest.saved = False
        if not self._host.saves.remove(guest.name):
            words = "An error occurred, but the cause is unknown"
            code = libvirt.VIR_ERR_INTERNAL_ERROR
            raise errors.raw_error(code, words, Origin.NONE)
        return 0

    @api()
    def coreDump(self, path: str, flags: int = 0) -> int:
        """Write a file as large as the memory; the guest ends if CRASH is given."""
        known = libvirt.VIR_DUMP_LIVE | libvirt.VIR_DUMP_CRASH
        errors.check_flags(flags, known, "libxlDomainCoreDump")
        guest = self._wait_for_job(self._not_domain_0())
        guest.check_active()
        self._write_core(guest, path)
        if flags & libvirt.VIR_DUMP_CRASH:
            self._host.stop(
                guest,
                libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
                libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED,
            )
        elif not flags and guest.state == libvirt.VIR_DOMAIN_RUNNING:
            guest.reason = libvirt.VIR_DOMAIN_RUNNING_UNPAUSED
        return 0

    def _write_core(self, guest: Guest, path: str) -> None:
        try:
            number = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
        except OSError:
            detail = f"Failed to dump core of domain '{guest.id}' with libxenlight"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail) from None
        with open(number, "wb") as file:
            file.truncate(guest.memory_kib * 1024)

    @api()
    def pMWakeup(self, flags: int = 0) -> int:
        """Let a guest go on that libvirtd found suspended when it was started."""
        errors.check_flags(flags, 0, "libxlDomainPMWakeup")
        guest = self._wait_for_job(self._guest())
        if guest.state != libvirt.VIR_DOMAIN_PMSUSPENDED:
            raise errors.operation_invalid("Domain is not suspended")
        if not self._host.xen.resume(guest.id):
            detail = f"Failed to resume domain '{guest.id}'"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
        guest.set_state(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_WAKEUP)
        self._host.lifecycle(
            copy.copy(guest),
            libvirt.VIR_DOMAIN_EVENT_STARTED,
            libvirt.VIR_DOMAIN_EVENT_STARTED_WAKEUP,
        )
        return 0
