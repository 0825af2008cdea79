# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Save a fake guest's memory: to a file, by libvirt itself, or as a dump."""

from __future__ import annotations

import copy

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.guest import Guest
from nova_xen.testing.xmltext import Element


class DomainSaving(DomainBase):
    """The part of FakeDomain that saves a guest's memory."""

    @api("save")
    def save(self, path: str) -> int:
        """Stop the guest and keep its memory under a path of the fake host."""
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
        self._host.save_files[path] = self._stop_saved(guest)
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
        guest.saved = self._stop_saved(guest)
        return 0

    def _stop_saved(self, guest: Guest) -> Element:
        guest.check_active()
        if guest.state == libvirt.VIR_DOMAIN_PAUSED:
            detail = (
                f"Domain '{guest.id}' has to be running because libxenlight "
                "will suspend it"
            )
            raise errors.operation_invalid(detail)
        document = copy.deepcopy(guest.current)
        self._host.stop(
            guest,
            libvirt.VIR_DOMAIN_SHUTOFF_SAVED,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED,
        )
        return document

    @api()
    def hasManagedSaveImage(self, flags: int = 0) -> int:
        """Tell whether the next start takes up saved memory."""
        errors.check_flags(flags, 0, "libxlDomainHasManagedSaveImage")
        return int(self._guest().saved is not None)

    @api()
    def managedSaveRemove(self, flags: int = 0) -> int:
        """Throw the saved memory away."""
        errors.check_flags(flags, 0, "libxlDomainManagedSaveRemove")
        self._guest().saved = None
        return 0

    @api()
    def coreDump(self, path: str, flags: int = 0) -> int:
        """Write no file; the guest ends when CRASH asks for it."""
        known = libvirt.VIR_DUMP_LIVE | libvirt.VIR_DUMP_CRASH
        errors.check_flags(flags, known, "libxlDomainCoreDump")
        guest = self._wait_for_job(self._not_domain_0())
        guest.check_active()
        if flags & libvirt.VIR_DUMP_CRASH:
            self._host.stop(
                guest,
                libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
                libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED,
            )
        elif not flags and guest.state == libvirt.VIR_DOMAIN_RUNNING:
            guest.reason = libvirt.VIR_DOMAIN_RUNNING_UNPAUSED
        return 0
