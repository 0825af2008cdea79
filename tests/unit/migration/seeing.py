# SPDX-License-Identifier: Apache-2.0
"""When a migration in memory sees what has happened: never by chance.

Its guest stands still and goes on in no time, so that one look may or may not fall in
between. Both are had on purpose: each moment by a look of its own, or both by the last.
"""

from nova_xen.hypervisor import ArrivalWatch
from nova_xen.migration.world import Destination
from nova_xen.testing import FakeSuspendWatch


class _Later(ArrivalWatch):
    """Tells that the guest goes on at the second look after it does."""

    _known = False

    def resumed_at(self) -> float | None:
        found, before = super().resumed_at(), self._known
        self._known = found is not None
        return found if before else None


class EachByItself(Destination):
    """The other host, of which it is seen later that the guest goes on there."""

    def watch(self, uuid: str) -> ArrivalWatch:
        return _Later(self.connection, uuid)


class AtTheEnd(FakeSuspendWatch):
    """Tells that the guest stood still once libvirt's migration is over."""

    def suspended_at(self) -> float | None:
        return None if self._host.migrations else super().suspended_at()
