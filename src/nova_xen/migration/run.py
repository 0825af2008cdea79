# SPDX-License-Identifier: Apache-2.0
"""A migration from its checks to its end: it always has one."""

import contextlib
import logging
from collections.abc import Callable

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import ArrivalWatch, Guest, migrate_guest
from nova_xen.migration.admission import (
    alone,
    refuse_many,
    refuse_off,
    require_idle,
    require_same_domain,
    require_unchanged,
)
from nova_xen.migration.call import Call
from nova_xen.migration.check import Checked, check, files_of
from nova_xen.migration.control import Wishes
from nova_xen.migration.ending import Ending
from nova_xen.migration.failures import Interrupted, defect, failure
from nova_xen.migration.guard import Launched, launch_pausing
from nova_xen.migration.interfaces import MigrationSockets, SuspendWatch
from nova_xen.migration.monitor import Monitor
from nova_xen.migration.settle import SILENT_PATIENCE, settle
from nova_xen.migration.storage import StorageWatch
from nova_xen.migration.story import Story, new_id
from nova_xen.migration.world import World
from nova_xen.model import (
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    MigrationState,
    RecoveryPlan,
    Side,
)
from nova_xen.operations.start import cap_of
from nova_xen.planning.migration.call import decide_call
from nova_xen.planning.migration.document import destination_document
from nova_xen.planning.migration.timeout import TimeoutPlan, decide_timeout

LOG = logging.getLogger(__name__)
#: seconds that an event of the destination may come after libvirt's call has ended
_EVENT_SECONDS = 10.0
_EVENT_TICK = 0.05


def nobody(_progress: MigrationProgress) -> None:
    """Watch of a caller who does not."""


def migrate(
    world: World,
    request: MigrationRequest,
    watch: Callable[[MigrationProgress], None] = nobody,
) -> MigrationRecord:
    """Move a server to another host and return how it went.

    :param watch: called at each interval, on this thread
    :raises MigrationRefused: and nothing was changed
    :raises MigrationAborted: by a person or the clock; it runs here
    :raises MigrationFailed: it runs where the sentence says
    :raises MigrationUndecided: a person must look; the journals stay
    """
    guest, domain = world.host.find(request.server)
    with contextlib.ExitStack() as stack:
        stack.enter_context(alone(world, guest, request))
        domid = refuse_off(guest, request)
        require_idle(world, guest, request)
        refuse_many(world, guest, request)
        with contextlib.ExitStack() as unused:
            launched = launch_pausing(world, guest, request, domid)
            unused.callback(launched.pausing.close)
            checked = check(world, guest, domain, request, stack)
            run = _Run(world, guest, domain, request, checked, watch, launched)
            unused.pop_all()
        return run.run()


class _Run:
    """The steps after the checks, and what they hand to each other."""

    def __init__(
        self,
        world: World,
        guest: Guest,
        domain: Domain,
        request: MigrationRequest,
        checked: Checked,
        watch: Callable[[MigrationProgress], None],
        launched: Launched,
    ) -> None:
        self._world = world
        self._guest = guest
        self._domain = domain
        self._request = request
        self._checked = checked
        self._ending: Ending | None = None
        self._asked: Call | None = None
        self._launched = launched
        self._call = decide_call(request, world.options, checked.address)
        definition = guest.xml(inactive=True, secure=True)
        self._story = Story(
            world, checked.peer, self._record(), watch, definition=definition
        )
        document = guest.xml(secure=True)
        require_unchanged(guest, request, domain, document)
        listen = checked.target.console_listen
        self._document = destination_document(document, listen=listen)
        self._definition = destination_document(definition, listen=listen)

    def _record(self) -> MigrationRecord:
        moving, now = self._checked.moving, self._world.clock()
        return MigrationRecord(
            id=new_id(),
            uuid=moving.uuid,
            name=moving.name,
            source=self._checked.source.hostname,
            destination=self._request.destination,
            uri=self._checked.uri,
            kind=self._request.kind,
            mode=moving.mode,
            tunnelled=self._call.tunnelled,
            memory_mib=moving.memory_mib,
            state=MigrationState.CHECKING,
            started=now,
            entered={MigrationState.CHECKING: now},
        )

    def run(self) -> MigrationRecord:
        """From the journals to the end.

        :raises KeyboardInterrupt, SystemExit: all is settled by then, unless libvirt
            still migrates: the journals stay in that case
        """
        Wishes(self._world.options.state_path, self._guest.uuid).clear()
        try:
            self._begin()
            self._copy(self._launched.domid)
            self._finish()
        except (KeyboardInterrupt, SystemExit):
            self._stop()
            raise
        except exceptions.NovaXenError as error:
            return self._settle(error)
        except Exception as error:
            LOG.exception("Server %s: its migration", self._guest.name)
            return self._settle(defect(error, self._guest.name))
        return self._story.record

    def _begin(self) -> None:
        """Keep the journals, and see that nobody's resume lets the guest run here."""
        self._launched.clear()
        self._story.begin(self._checked.source.address)
        self._launched.pausing.ready()

    def _copy(self, domid: int) -> None:
        """libvirt's call, watched until it has ended."""
        sockets = self._world.sockets_of()
        with (
            contextlib.closing(
                self._checked.destination.watch(self._guest.uuid)
            ) as arrival,
            contextlib.closing(self._world.suspend_watch_of(domid)) as suspended,
        ):
            self._watched(domid, arrival, sockets, suspended)

    def _watched(
        self,
        domid: int,
        arrival: ArrivalWatch,
        sockets: MigrationSockets,
        suspended: SuspendWatch,
    ) -> None:
        ending = self._ending = Ending(
            self._world,
            self._story,
            self._checked.peer,
            sockets,
            domid=domid,
            cap=cap_of(self._domain),
        )
        monitor = Monitor(
            self._world,
            self._story,
            ending,
            sockets=sockets,
            suspended=suspended,
            resumed=arrival.resumed_at,
            domid=domid,
            address=self._checked.address,
            timeout=self._timeout(),
            storage=StorageWatch(
                self._checked.peer, files_of(self._checked.moving), self._world.clock
            ),
            pausing=self._launched.pausing,
        )
        call = Call(self._ask)
        self._story.enter(MigrationState.COPYING)
        self._asked = call
        call.start()
        monitor.run(call)
        call.outcome()
        self._await(arrival.resumed_at, monitor)

    def _ask(self) -> None:
        """Ask libvirt, for the domain that is paused when it is suspended."""
        require_same_domain(self._guest, self._request, self._launched.domid)
        migrate_guest(
            self._world.host.connection,
            self._guest,
            self._checked.uri,
            self._call.flags,
            migrate_uri=self._call.migrate_uri,
            document=self._document,
        )

    def _timeout(self) -> TimeoutPlan:
        moving = self._checked.moving
        return decide_timeout(self._request, self._world.options, moving.memory_mib)

    def _await(self, resumed: Callable[[], float | None], monitor: Monitor) -> None:
        """Let the destination's event come, which the downtime is measured by."""
        if self._story.record.downtime is not None:
            return  # the last look has told it
        deadline = self._world.clock() + _EVENT_SECONDS
        while resumed() is None and self._world.clock() < deadline:
            self._world.sleep(_EVENT_TICK)
        monitor.look()

    def _finish(self) -> None:
        """It runs there: put its definition and its scheduler in order."""
        self._launched.pausing.close()
        if self._story.state is not MigrationState.FINISHING:
            self._story.enter(MigrationState.FINISHING)
        journal = self._story.mirrored
        self._checked.peer.arrived(journal, self._definition, cap_of(self._domain))
        self._checked.peer.end(journal.id)
        # once the journal is gone, nobody would end the record
        self._story.end(MigrationState.DONE)
        try:
            self._world.journals.remove(self._guest.uuid)
        except exceptions.NovaXenError as error:
            LOG.warning("Server %s has arrived, but: %s", self._guest.name, error)

    def _stop(self) -> None:
        """Interrupted: settle it, unless libvirt goes on, whose end nobody awaits."""
        if self._asked is not None and not self._asked.wait(0):
            return
        with contextlib.suppress(exceptions.NovaXenError):
            self._settle(Interrupted())

    def _settle(self, error: exceptions.NovaXenError) -> MigrationRecord:
        """Something failed: look where the guest is, put it right, and say it."""

        def close(plan: RecoveryPlan) -> None:
            if self._story.record.ended is None:
                self._end(plan, error)

        journal = self._story.journal(Side.SOURCE)
        peer = self._checked.peer
        plan = settle(
            *(self._world, journal, peer, close),
            patience=SILENT_PATIENCE,
            pausing=self._launched.pausing,
        )
        close(plan)
        if self._story.state is MigrationState.DONE:
            LOG.warning("Server %s arrived, but: %s", self._guest.name, error)
            return self._story.record
        failed = self._story.state is MigrationState.FAILED
        if failed and isinstance(error, exceptions.MigrationRefused):
            raise error
        why = str(error).rstrip(".")
        raise failure(self._story.record, plan, why) from error

    def _end(self, plan: RecoveryPlan, error: exceptions.NovaXenError) -> None:
        """End the record by what was seen on both hosts."""
        why = str(error).rstrip(".")
        match plan.state:
            case MigrationState.UNDECIDED:
                self._story.end(MigrationState.UNDECIDED, plan.sentence)
                return
            case MigrationState.DONE:
                self._story.end(MigrationState.DONE, why)
                return
        if self._ending is not None:
            self._release(self._ending)
        if self._ending is not None and self._ending.aborted:
            self._story.end(MigrationState.ABORTED, self._ending.why)
            return
        self._story.end(MigrationState.FAILED, why)

    def _release(self, ending: Ending) -> None:
        try:
            ending.release()
        except exceptions.NovaXenError as error:
            LOG.warning("Server %s: %s", self._guest.name, error)
