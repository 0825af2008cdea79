# SPDX-License-Identifier: Apache-2.0
"""The peer-to-peer call of libvirt, and when the guest is seen at the other host.

libxl takes migrateToURI3 alone (the older calls always give a bandwidth, which it
refuses), peer to peer alone, and no parameters but these two and a name; it has no
abortJob and no statistics but the elapsed time (probed on real Xen, doc/libxl.rst).
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

import libvirt

from nova_xen import exceptions
from nova_xen.hypervisor.connection import Connection, Raw
from nova_xen.hypervisor.deadlines import Kind
from nova_xen.hypervisor.guest import Guest
from nova_xen.model import MigrateFlag

LOG = logging.getLogger(__name__)

_FLAGS = {
    MigrateFlag.LIVE: libvirt.VIR_MIGRATE_LIVE,
    MigrateFlag.PEER2PEER: libvirt.VIR_MIGRATE_PEER2PEER,
    MigrateFlag.TUNNELLED: libvirt.VIR_MIGRATE_TUNNELLED,
    MigrateFlag.PERSIST_DEST: libvirt.VIR_MIGRATE_PERSIST_DEST,
    MigrateFlag.UNDEFINE_SOURCE: libvirt.VIR_MIGRATE_UNDEFINE_SOURCE,
}
_LIFECYCLE = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
_RESUMED = libvirt.VIR_DOMAIN_EVENT_RESUMED


def migrate_guest(
    connection: Connection,
    guest: Guest,
    uri: str,
    flags: Iterable[MigrateFlag],
    *,
    migrate_uri: str | None = None,
    document: str | None = None,
) -> None:
    """Move a running guest to the host behind ``uri``; ends when it has arrived.

    :param migrate_uri: where the memory goes, ``tcp://ADDRESS``; None when tunnelled
    :param document: the definition the guest has there; None is the one it has here
    :raises HypervisorError: it runs here still, unless the connection broke
    :raises HypervisorUnavailable: libvirtd died under the call; nobody knows
    """
    given: dict[str, Any] = {}
    if migrate_uri is not None:
        given[libvirt.VIR_MIGRATE_PARAM_URI] = migrate_uri
    if document is not None:
        given[libvirt.VIR_MIGRATE_PARAM_DEST_XML] = document
    number = 0
    for flag in flags:
        number |= _FLAGS[flag]
    connection.call(
        "migrateToURI3",
        uri,
        given,
        number,
        doing="migrating",
        server=guest.name,
        kind=Kind.MIGRATE,
        on=lambda raw: connection.direct(raw, "lookupByUUIDString", guest.uuid),
    )


class ArrivalWatch:
    """Notes when a guest goes on at the destination, by this host's own clock.

    The destination's libvirt tells RESUMED once the guest has been unpaused there.
    Where it cannot tell, a warning says so and nobody knows: a migration does not
    depend on it.
    """

    def __init__(self, connection: Connection, uuid: str) -> None:
        self._connection = connection
        self._uuid = uuid
        self._lock = threading.Lock()
        self._resumed: float | None = None
        self._callback: int | None = None
        try:
            connection.on_open(self._register)
        except (libvirt.libvirtError, exceptions.NovaXenError) as error:
            LOG.warning("%s tells no events: %s", connection.uri, error)

    def _register(self, raw: Raw) -> None:
        self._callback = self._connection.direct(
            raw, "domainEventRegisterAny", None, _LIFECYCLE, self._on_event, None
        )

    def close(self) -> None:
        """Take the callback back: libvirt keeps a connection open that has one.

        What was seen can still be asked for.
        """
        number, self._callback = self._callback, None
        if number is None or not self._connection.is_alive():
            return
        with contextlib.suppress(exceptions.NovaXenError):
            self._connection.call(
                "domainEventDeregisterAny", number, doing="ending events"
            )

    def _on_event(
        self, _raw: Raw, domain: Any, event: int, _detail: int, _opaque: object
    ) -> None:
        """Called on libvirt's event loop, where no libvirt call may wait."""
        if event == _RESUMED and domain.UUIDString() == self._uuid:
            with self._lock:
                self._resumed = self._resumed or time.time()

    def resumed_at(self) -> float | None:
        """Seconds since the epoch, None as long as it was not seen."""
        with self._lock:
            return self._resumed


def require_xen(connection: Connection, destination: str) -> None:
    """Open the destination's libvirt and see that it drives Xen.

    :raises PeerUnreachable: no answer there, or no Xen behind it
    """
    try:
        kind = connection.call("getType", doing=f"asking {destination} what it is")
    except exceptions.HypervisorError as error:
        why = str(error.context.get("why", error))
        raise exceptions.DestinationUnreachable(
            destination=destination, uri=connection.uri, why=why
        ) from error
    if kind != "Xen":
        raise exceptions.DestinationUnreachable(
            destination=destination, uri=connection.uri, why=f"it drives {kind}"
        )
