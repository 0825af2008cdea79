# SPDX-License-Identifier: Apache-2.0
"""When a migration in memory sees what has happened: never by chance.

Its guest stands still and goes on in no time, so that one look may or may not fall in
between. Both are had on purpose: each moment by a look of its own, or both by one.
"""

from nova_xen.hypervisor import ArrivalWatch, Connection
from nova_xen.migration.world import Destination
from nova_xen.testing import FakeHost, FakeSuspendWatch


class Watches:
    """Both watches of a migration away from a fake host, which know of each other."""

    def __init__(self, fake: FakeHost, connection: Connection, at_once: bool) -> None:
        self._fake = fake
        self._connection = connection
        self.at_once = at_once
        self.arrival: Arrival | None = None
        #: whether it was told that the guest stood still
        self.stopped = False

    def suspend_watch(self, domid: int) -> "Suspension":
        """Of a domain here."""
        return Suspension(self, self._fake, domid)

    def destination(self) -> "There":
        """The other host."""
        return There(self, self._connection)


class Suspension(FakeSuspendWatch):
    """Tells that the guest stood still: as soon as it is so, or as it goes on."""

    def __init__(self, watches: Watches, host: FakeHost, domid: int) -> None:
        super().__init__(host, domid)
        self._watches = watches

    def asked(self) -> bool:
        return super().suspended_at() is not None

    def suspended_at(self) -> float | None:
        found, arrival = super().suspended_at(), self._watches.arrival
        if self._watches.at_once and not (arrival and arrival.known()):
            return None
        self._watches.stopped |= found is not None
        return found


class There(Destination):
    """The other host, with a watch that knows what the one here has told."""

    def __init__(self, watches: Watches, connection: Connection) -> None:
        super().__init__(connection)
        self._watches = watches

    def watch(self, uuid: str) -> ArrivalWatch:
        self._watches.arrival = Arrival(self._watches, self.connection, uuid)
        return self._watches.arrival


class Arrival(ArrivalWatch):
    """Tells that the guest goes on: at once, or a look later than it stood still."""

    def __init__(self, watches: Watches, connection: Connection, uuid: str) -> None:
        self._watches = watches
        self._asked = False
        super().__init__(connection, uuid)

    def known(self) -> bool:
        """Whether it does."""
        return super().resumed_at() is not None

    def resumed_at(self) -> float | None:
        found = super().resumed_at()
        if self._watches.at_once:
            return found
        if found is None or not self._watches.stopped:
            return None
        before, self._asked = self._asked, True
        return found if before else None
