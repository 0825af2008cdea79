# SPDX-License-Identifier: Apache-2.0
"""Watches a migration: bytes, states, the time it takes, what people ask.

It makes no libvirt call: bytes are the kernel's, the stop is Xen's own, the arrival
an event of the destination. What cannot be measured is left out and never ends the
migration; what goes wrong in here is logged and the watching goes on.
"""

import logging
import time
from collections.abc import Callable

from nova_xen import exceptions
from nova_xen.migration.call import Call
from nova_xen.migration.control import Wish, Wishes
from nova_xen.migration.ending import Ending
from nova_xen.migration.export import export
from nova_xen.migration.interfaces import (
    MigrationSocket,
    MigrationSockets,
    Pausing,
    SuspendWatch,
)
from nova_xen.migration.report import log_line
from nova_xen.migration.storage import StorageWatch
from nova_xen.migration.story import Story
from nova_xen.migration.world import World
from nova_xen.model import MigrationState, TimeoutAction
from nova_xen.planning.migration.follow import follow
from nova_xen.planning.migration.pace import pause
from nova_xen.planning.migration.timeout import TimeoutPlan

LOG = logging.getLogger(__name__)
#: seconds; the kernel itself holds a connection for dead after a quarter of an hour,
#: and all that time the guest would stand still
STALLED = 60.0
#: seconds in which nothing is looked at once the guest was asked to suspend
SPARED = 1.0


class Monitor:
    """Looks at each interval until the call is over."""

    def __init__(
        self,
        world: World,
        story: Story,
        ending: Ending,
        *,
        sockets: MigrationSockets,
        suspended: SuspendWatch,
        resumed: Callable[[], float | None],
        domid: int,
        address: str,
        timeout: TimeoutPlan,
        storage: StorageWatch,
        pausing: Pausing | None,
    ) -> None:
        self._world = world
        self._story = story
        self._ending = ending
        self._sockets = sockets
        self._suspended = suspended
        self._resumed = resumed
        self._domid = domid
        self._address = address
        self._timeout = timeout
        self._storage = storage
        self._pausing = pausing
        self._wishes = Wishes(world.options.state_path, story.record.uuid)
        self._socket: MigrationSocket | None = None
        self._sent: int | None = None
        #: when the last byte was acknowledged, or the guest began to stand still
        self._moved = world.clock()
        self._logged = world.clock()
        self._complained: set[str] = set()
        self._interrupted = self._to_abort = False
        #: seconds of a processor that the last look took
        self._took = 0.0

    def run(self, call: Call) -> None:
        """Watch until the call has ended, well or not.

        libvirt goes on when this process does not, so the first interrupt asks for an
        abort, whose end is waited for.

        :raises KeyboardInterrupt, SystemExit: at the second; the journals stay
        """
        while self._wait(call):
            pass
        self.look()

    def _wait(self, call: Call) -> bool:
        """One interval and a look; False once the call has ended."""
        try:
            interval = pause(self._world.options.monitor_interval, self._took)
            if call.wait(interval) or self._spared(call, interval):
                return False
            self.look()
        except (KeyboardInterrupt, SystemExit):
            if self._interrupted:
                raise
            self._interrupted = self._to_abort = True
            LOG.warning(
                "Server %s: interrupted, so its migration is aborted; once more leaves "
                "it to 'nova-xen migration recover'.",
                self._story.record.name,
            )
        return True

    def _spared(self, call: Call, interval: float) -> bool:
        """Whether the call ended in the time that is left to the last pass.

        That takes a fraction of a second, in which the guest stands still, and a look
        would take dom0's processor from it.
        """
        copying = self._story.state is MigrationState.COPYING
        if not copying or not self._suspended.asked():
            return False
        self._do(self._let_go)
        return call.wait(min(interval, SPARED))

    def look(self) -> None:
        """One interval."""
        before = time.thread_time()
        self._do(
            *(self._measure, self._let_go, self._follow),
            *(self._heed, self._check, self._tell),
        )
        self._took = time.thread_time() - before

    def _do(self, *parts: Callable[[], None]) -> None:
        """Each part, whatever becomes of the others."""
        for part in parts:
            try:
                part()
            except Exception as error:
                self._complain(part.__name__, error)

    def _complain(self, part: str, error: Exception) -> None:
        """Once for each kind of trouble: a migration has thousands of intervals."""
        if f"{part}{error}" in self._complained:
            return
        self._complained.add(f"{part}{error}")
        name = self._story.record.name
        if isinstance(error, exceptions.NovaXenError):
            LOG.warning("Server %s, watching its migration: %s", name, error)
        else:
            LOG.exception("Server %s, watching its migration", name)

    @property
    def socket(self) -> MigrationSocket | None:
        """The migration's own connection, as long as it is known."""
        return self._socket

    def _measure(self) -> None:
        try:
            self._count()
        finally:
            self._story.sample(self._sent)

    def _count(self) -> None:
        if self._socket is None:
            self._socket = self._sockets.find(self._domid, self._address)
        if self._socket is None:
            return
        acked = self._sockets.bytes_acked(self._socket)
        if acked is not None and acked > (self._sent or 0):
            self._sent, self._moved = acked, self._world.clock()

    def _let_go(self) -> None:
        """A guest that is to suspend needs its processors for that."""
        if self._suspended.asked():
            self._ending.release()

    def _follow(self) -> None:
        """From what is seen to the state it means."""
        state = self._story.state
        stopped, resumed = self._suspended.suspended_at(), self._resumed()
        if resumed is not None and stopped is not None:
            self._story.measured(max(0.0, resumed - stopped))
        if state is MigrationState.COPYING and stopped is not None:
            self._moved = self._world.clock()
        self._story.seen(follow(state, stopped, resumed))

    def _heed(self) -> None:
        """What a person, or the clock, asks for."""
        self._ending.again(self._socket)
        if self._to_abort:
            self._to_abort = False
            self._ending.abort(self._socket, "its process was interrupted")
        if self._wishes.take(Wish.ABORT):
            self._ending.abort(self._socket, "as it was asked for")
        if self._wishes.take(Wish.FORCE_COMPLETE):
            self._ending.force_complete("as it was asked for")
        self._heed_the_clock()

    def _heed_the_clock(self) -> None:
        still = self._world.clock() - self._moved
        if self._story.state is MigrationState.STOPPED and still >= STALLED:
            why = f"it stood still and nothing went over for {still:.0f} s"
            self._ending.abort(self._socket, why, stalled=True)
        elapsed = self._world.clock() - self._story.record.started
        match self._timeout.due(elapsed, forced=self._ending.forced):
            case TimeoutAction.ABORT:
                self._ending.abort(self._socket, f"it took longer than {elapsed:.0f} s")
            case TimeoutAction.FORCE_COMPLETE:
                self._ending.force_complete(f"it took longer than {elapsed:.0f} s")

    def _check(self) -> None:
        """A guest must not arrive where its disks are not any more, nor run twice."""
        if not self._ending.possible:
            return
        if lost := self._storage.lost():
            record = self._story.record
            why = f"{record.destination} does not have {', '.join(lost)} any more"
            self._ending.abort(self._socket, why)
        elif trouble := self._pausing and self._pausing.trouble():
            why = f"what keeps it from running on both hosts has failed: {trouble}"
            self._ending.abort(self._socket, why)

    def _tell(self) -> None:
        progress = self._story.tell()
        now = self._world.clock()
        if now - self._logged >= self._world.options.log_interval:
            self._logged = now
            LOG.info("%s", log_line(self._story.record, progress))
            self._story.keep()
        export(self._world, self._story.record, progress)
