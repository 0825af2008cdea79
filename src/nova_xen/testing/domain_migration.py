# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N802 (the names are libvirt's)
"""Migration of a fake guest: what libxl accepts; migration.py does the move."""

from __future__ import annotations

from typing import Any

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.calls import api
from nova_xen.testing.domain_base import DomainBase
from nova_xen.testing.errors import Origin
from nova_xen.testing.migration import Migration

_FLAGS = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PEER2PEER
    | libvirt.VIR_MIGRATE_TUNNELLED
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    | libvirt.VIR_MIGRATE_PAUSED
)
_PARAMETERS = {
    libvirt.VIR_MIGRATE_PARAM_URI,
    libvirt.VIR_MIGRATE_PARAM_DEST_NAME,
    libvirt.VIR_MIGRATE_PARAM_DEST_XML,
}
_UNSUPPORTED = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
_PERFORM = "libxlDomainMigratePerform3Params"


class DomainMigration(DomainBase):
    """The part of FakeDomain that moves a guest to another host."""

    @api("migrate", locked=False)
    def migrateToURI3(
        self, uri: str | None, parameters: dict[str, Any] | None, flags: int = 0
    ) -> int:
        """Move the running guest to the host behind a libvirt URI, peer to peer."""
        _check(parameters or {}, flags)
        with self._host.lock:
            self._guest().check_active()
        target = self._host.network.find(uri or "")
        Migration(self._host, target, parameters or {}, flags).run(self._source())
        return 0

    def _source(self) -> Any:
        with self._host.lock:
            return self._wait_for_job(self._guest())

    @api("migrate")
    def migrateToURI(self, *arguments: Any) -> int:
        """Refuse: the old call always gives a bandwidth, which libxl lacks."""
        raise errors.error(_UNSUPPORTED, _no_parameter("bandwidth"), Origin.NONE)

    @api("migrate")
    def migrateToURI2(self, *arguments: Any) -> int:
        """Refuse: the old call always gives a bandwidth, which libxl lacks."""
        raise errors.error(_UNSUPPORTED, _no_parameter("bandwidth"), Origin.NONE)


def _no_parameter(name: str) -> str:
    return f"parameter '{name}' not supported"


def _check(parameters: dict[str, Any], flags: int) -> None:
    if flags & libvirt.VIR_MIGRATE_OFFLINE:
        detail = "offline migration is not supported by the source host"
        raise errors.error(_UNSUPPORTED, detail, Origin.DOMAIN)
    if not flags & libvirt.VIR_MIGRATE_PEER2PEER:
        detail = "direct migration is not supported by the source host"
        raise errors.error(_UNSUPPORTED, detail, Origin.DOMAIN)
    errors.check_flags(flags, _FLAGS, _PERFORM)
    for name in parameters:
        if name not in _PARAMETERS:
            raise errors.error(_UNSUPPORTED, _no_parameter(name), Origin.NONE)
