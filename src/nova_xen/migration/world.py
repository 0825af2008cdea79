# SPDX-License-Identifier: Apache-2.0
"""What a migration works with: this host, the ways to the other, Xen, the kernel."""

import contextlib
import dataclasses
import time
from collections.abc import Callable

from nova_xen.hypervisor import ArrivalWatch, Connection
from nova_xen.migration.history import History
from nova_xen.migration.interfaces import (
    MigrationSockets,
    Pausing,
    Peer,
    SuspendWatch,
    Toolstack,
)
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.model import MigrationOptions
from nova_xen.operations.host import Host


class Destination:
    """The other host's libvirt: whether it is there, and when guests arrive."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def watch(self, uuid: str) -> ArrivalWatch:
        """Note from now on when the guest goes on there."""
        return ArrivalWatch(self.connection, uuid)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(Exception):
            self.connection.close()


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """Everything a migration needs, each part replaceable.

    ``peer_of`` opens the other host's side by its address, ``destination_of`` its
    libvirt by URI, ``suspend_watch_of`` watches one Xen domain here and ``pausing_of``
    pauses it when it is suspended, as long as its journal is there.
    """

    host: Host
    options: MigrationOptions
    local: LocalPeer
    toolstack: Toolstack
    sockets_of: Callable[[], MigrationSockets]
    peer_of: Callable[[str], Peer]
    destination_of: Callable[[str], Destination]
    suspend_watch_of: Callable[[int], SuspendWatch]
    pausing_of: Callable[[int, str], Pausing]
    journals: Journals
    history: History
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
