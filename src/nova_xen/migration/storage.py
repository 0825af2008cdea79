# SPDX-License-Identifier: Apache-2.0
"""Whether the destination still has the guest's files while its memory goes over.

libxl does not look: QEMU fails to open what is not there, the disk's backend stays as
it is, and the guest arrives and hangs at its disk (seen on real Xen 4.17).
"""

import math
from collections.abc import Callable

from nova_xen.migration.interfaces import Peer

#: seconds between two looks, of which the first is at once
INTERVAL = 10.0


class StorageWatch:
    """Asks the other host now and then."""

    def __init__(
        self, peer: Peer, files: tuple[str, ...], clock: Callable[[], float]
    ) -> None:
        self._peer = peer
        self._files = files
        self._clock = clock
        self._due = 0.0

    def lost(self) -> tuple[str, ...]:
        """Files that are not there any more; none when it is not yet time to look.

        :raises PeerUnreachable: nothing is known then
        """
        now = self._clock()
        if now < self._due or not self._files:
            return ()
        # a host that gives no answer is not asked again, which takes long each time
        self._due = math.inf
        missing = self._peer.missing(self._files)
        self._due = now + INTERVAL
        return missing
