# SPDX-License-Identifier: Apache-2.0
"""What every domain of the host holds, ours or not: its disks and MAC addresses.

Round trips: a list, and for each domain one for its document, two when it is on.
"""

import dataclasses
import logging
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.domain import Holding, parse_holding
from nova_xen.hypervisor.connection import Connection
from nova_xen.hypervisor.guest import Guest
from nova_xen.hypervisor.inventory import DOMAIN_0

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Held:
    """What one document has; ``now`` tells that it is the one of what runs."""

    server: str
    uuid: str
    now: bool
    holding: Holding


def take_holdings(connection: Connection) -> Iterator[Held]:
    """Read the documents of all guests but Domain-0, of now and of the next start.

    One that vanishes meanwhile holds nothing.

    :raises HypervisorError: a document cannot be read, so that nothing is certain
    """
    handles = connection.call("listAllDomains", 0, doing="listing the guests")
    for handle in handles:
        guest = Guest.of(connection, handle)
        if guest.uuid == DOMAIN_0:
            continue
        try:
            yield from list(_of_guest(guest, active=handle.ID() >= 0))
        except exceptions.ServerNotFound:
            continue


def _of_guest(guest: Guest, *, active: bool) -> Iterator[Held]:
    if active:
        yield Held(guest.name, guest.uuid, True, _read(guest, inactive=False))
    yield Held(guest.name, guest.uuid, False, _read(guest, inactive=True))


def _read(guest: Guest, *, inactive: bool) -> Holding:
    try:
        return parse_holding(guest.xml(inactive=inactive))
    except ValueError as error:
        raise exceptions.HypervisorError(
            doing="reading the definition of",
            server=f" server {guest.name}",
            why=str(error),
            code=None,
        ) from None
