# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Events and the end of a fake connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.calls import api
from nova_xen.testing.connection_base import ConnectionBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.events import Callback, Registration
from nova_xen.testing.guest import Guest

if TYPE_CHECKING:
    from nova_xen.testing.domain import FakeDomain


class ConnectionEvents(ConnectionBase):
    """The part of FakeConnection that tells of events and of its own end."""

    def _domain(self, guest: Guest) -> FakeDomain:
        raise NotImplementedError

    @api()
    def domainEventRegisterAny(
        self, domain: FakeDomain | None, event: int, callback: Callback, opaque: object
    ) -> int:
        """Call `callback` for each event of that id; return the id to stop it.

        The binding gives libvirt one function for all callbacks of an event, so that
        the second of them is one too many.
        """
        code = libvirt.VIR_ERR_INVALID_ARG
        if domain is not None and domain.connect() is not self:
            detail = f"domain '{domain.name()}' must match connection"
            raise errors.raw_error(code, detail, Origin.DOMAIN)
        uuid = None if domain is None else domain.UUIDString()
        if self._registry.tracks(event, uuid):
            raise errors.error(code, "event callback already tracked", Origin.NONE)
        return self._registry.add(Registration(event, uuid, callback, opaque))

    @api()
    def domainEventDeregisterAny(self, number: int) -> int:
        """Stop a callback."""
        if not self._registry.remove(number):
            code = libvirt.VIR_ERR_INVALID_ARG
            raise errors.error(code, f"no callback {number}", Origin.REMOTE)
        return 0

    @api()
    def registerCloseCallback(self, callback: Callback, opaque: object) -> int:
        """Call `callback(connection, reason, opaque)` when the connection dies."""
        if self._close_callback is not None:
            detail = "A close callback is already registered"
            raise errors.error(libvirt.VIR_ERR_OPERATION_INVALID, detail, Origin.REMOTE)
        self._close_callback = (callback, opaque)
        return 0

    @api()
    def unregisterCloseCallback(self) -> int:
        """Forget the close callback."""
        self._close_callback = None
        return 0

    @api()
    def setKeepAlive(self, interval: int, count: int) -> int:
        """Accept any keep-alive setting."""
        return 0

    def isAlive(self) -> int:
        """Tell whether the daemon still answers."""
        return int(not (self._broken or self._closed))

    def close(self) -> int:
        """Close the connection; no close callback is called for this.

        A callback that is still registered keeps it open, which nobody can use then: 1
        is returned, and the daemon has a client for ever.
        """
        left = min(len(self._registry), 1)
        if self._closed:
            return left
        self._closed = True
        self._host.forget(self)  # type: ignore[arg-type]
        if left and not self._broken:
            self._host.kept_open.append(self)  # type: ignore[arg-type]
        if not left:
            self._registry.clear()
        return left

    def deliver(self, event_id: int, guest: Guest, details: tuple[Any, ...]) -> None:
        """Queue an event for the callbacks that want it."""
        for number, registration in self._registry.wanting(event_id, guest.uuid):
            domain = self._domain(guest)
            self._registry.loop.call(
                lambda number=number, one=registration, domain=domain: (  # type: ignore[misc]
                    self._dispatch(number, one, domain, details)
                )
            )

    def _dispatch(
        self,
        number: int,
        registration: Registration,
        domain: FakeDomain,
        details: tuple[Any, ...],
    ) -> None:
        if self._registry.still_has(number):
            registration.callback(self, domain, *details, registration.opaque)

    def broken(self) -> None:
        """Lose the daemon: later calls fail, the close callback is called."""
        self._broken = True
        if self._close_callback is not None:
            callback, opaque = self._close_callback
            reason = libvirt.VIR_CONNECT_CLOSE_REASON_EOF
            self._registry.loop.call(lambda: callback(self, reason, opaque))

    def settle(self, timeout: float) -> bool:
        """Wait until the events queued so far were delivered (seconds)."""
        return self._registry.loop.settle(timeout)
