# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Start, stop, pause and forget a fake guest."""

from __future__ import annotations

import copy

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.guest import Guest

_PARAVIRT = libvirt.VIR_DOMAIN_SHUTDOWN_PARAVIRT
_ACPI = libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN


class DomainLife(DomainBase):
    """The part of FakeDomain that changes a guest's life."""

    @api("create")
    def create(self) -> int:
        """Start the guest."""
        return self._create(0)

    @api("create")
    def createWithFlags(self, flags: int = 0) -> int:
        """Start the guest, paused when asked."""
        return self._create(flags)

    def _create(self, flags: int) -> int:
        known = libvirt.VIR_DOMAIN_START_PAUSED
        errors.check_flags(flags, known, "libxlDomainCreateWithFlags")
        guest = self._wait_for_job(self._guest())
        if guest.active:
            raise errors.operation_invalid("Domain is already running")
        self._host.start(guest, bool(flags & known))
        self._id = guest.id
        return 0

    @api()
    def suspend(self) -> int:
        """Pause the guest; a paused one stays paused."""
        guest = self._wait_for_job(self._not_domain_0())
        guest.check_active()
        if guest.state != libvirt.VIR_DOMAIN_PAUSED:
            self._host.xen.pause(guest.id, True)
            guest.set_state(libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
            self._tell(
                guest,
                libvirt.VIR_DOMAIN_EVENT_SUSPENDED,
                libvirt.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED,
            )
        return 0

    @api()
    def resume(self) -> int:
        """Let a paused guest run; a running one runs on."""
        guest = self._wait_for_job(self._not_domain_0())
        guest.check_active()
        if guest.state == libvirt.VIR_DOMAIN_PAUSED:
            if not self._host.xen.pause(guest.id, False):
                # it is shown as paused after a failed migration and runs
                detail = f"Failed to resume domain '{guest.id}' with libxenlight"
                raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
            guest.set_state(
                libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED
            )
            self._tell(
                guest,
                libvirt.VIR_DOMAIN_EVENT_RESUMED,
                libvirt.VIR_DOMAIN_EVENT_RESUMED_UNPAUSED,
            )
        return 0

    def _tell(self, guest: Guest, event: int, detail: int) -> None:
        self._host.lifecycle(copy.copy(guest), event, detail)

    @api("shutdown")
    def shutdown(self) -> int:
        """Ask the guest to shut down."""
        return self._shutdown(0)

    @api("shutdown")
    def shutdownFlags(self, flags: int = 0) -> int:
        """Ask the guest to shut down in one of libxl's two ways."""
        return self._shutdown(flags)

    def _shutdown(self, flags: int) -> int:
        errors.check_flags(flags, _PARAVIRT | _ACPI, "libxlDomainShutdownFlags")
        guest = self._not_domain_0()
        guest.check_active()
        paravirt = bool(flags & _PARAVIRT) or flags == 0
        paused = guest.state == libvirt.VIR_DOMAIN_PAUSED
        if paused or not (paravirt or guest.os_type == "hvm"):
            detail = f"Failed to shutdown domain '{guest.id}' with libxenlight"
            raise errors.error(libvirt.VIR_ERR_INTERNAL_ERROR, detail)
        if guest.name not in self._host.deaf_guests:
            self._host.guest_powers_off(guest.name)
        return 0

    @api()
    def reboot(self, flags: int = 0) -> int:
        """Ask the guest to restart; it comes back with a new domain id."""
        known = libvirt.VIR_DOMAIN_REBOOT_PARAVIRT
        errors.check_flags(flags, known, "libxlDomainReboot")
        guest = self._not_domain_0()
        guest.check_active()
        if guest.name not in self._host.deaf_guests:
            self._host.guest_reboots(guest.name)
        return 0

    @api("destroy")
    def destroy(self) -> int:
        """End the guest at once."""
        return self._destroy(0)

    @api("destroy")
    def destroyFlags(self, flags: int = 0) -> int:
        """End the guest at once; libxl knows no flags."""
        return self._destroy(flags)

    def _destroy(self, flags: int) -> int:
        errors.check_flags(flags, 0, "libxlDomainDestroyFlags")
        guest = self._wait_for_job(self._not_domain_0())
        guest.check_active()
        self._host.stop(
            guest,
            libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED,
        )
        return 0

    @api("undefine")
    def undefine(self) -> int:
        """Forget the definition; a running guest becomes transient."""
        return self._undefine(0)

    @api("undefine")
    def undefineFlags(self, flags: int = 0) -> int:
        """Forget the definition, and the saved memory when asked."""
        return self._undefine(flags)

    def _undefine(self, flags: int) -> int:
        known = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
        errors.check_flags(flags, known, "libxlDomainUndefineFlags")
        guest = self._guest()
        if not guest.persistent:
            raise errors.operation_invalid("cannot undefine transient domain")
        if self._host.saves.has(guest.name) and not flags & known:
            detail = "Refusing to undefine while domain managed save image exists"
            raise errors.operation_invalid(detail)
        self._host.saves.remove(guest.name)
        guest.saved = False
        guest.persistent = False
        if not guest.active:
            del self._host.guests[guest.uuid]
        self._tell(
            guest,
            libvirt.VIR_DOMAIN_EVENT_UNDEFINED,
            libvirt.VIR_DOMAIN_EVENT_UNDEFINED_REMOVED,
        )
        return 0
