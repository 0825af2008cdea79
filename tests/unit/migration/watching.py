# SPDX-License-Identifier: Apache-2.0
"""A migration to be watched and ended: the story is real, what it touches is told."""

import dataclasses
import pathlib
import socket
from typing import Any

from nova_xen import exceptions
from nova_xen.migration.call import Call
from nova_xen.migration.control import Wishes
from nova_xen.migration.ending import Ending
from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.migration.monitor import Monitor
from nova_xen.migration.storage import StorageWatch
from nova_xen.migration.story import Story
from nova_xen.model import (
    GuestMode,
    GuestView,
    LibvirtView,
    MigrationJournal,
    MigrationKind,
    MigrationProgress,
    MigrationRecord,
    MigrationState,
    RecoveryStep,
    Side,
    TimeoutAction,
    XenDomain,
)
from nova_xen.planning.migration.timeout import TimeoutPlan
from unit.migration.hosts import NAME, UUID, Hosts

SOCKET = MigrationSocket(
    family=socket.AF_INET,
    source="192.0.2.1",
    source_port=40000,
    destination="192.0.2.2",
    destination_port=49152,
    cookie=7,
    inode=7,
)
FILES = ("/srv/web/disk", "/srv/web/kernel")
FOR_EVER = TimeoutPlan(0, TimeoutAction.ABORT)
#: of the guest at the source, and of the one that arrives
DOMID, ARRIVING = 3, 8
_FIRST = (MigrationState.PREPARING, MigrationState.COPYING)
PATHS = {
    MigrationState.COPYING: _FIRST,
    MigrationState.STOPPED: (*_FIRST, MigrationState.STOPPED),
    MigrationState.FINISHING: (
        *_FIRST,
        MigrationState.STOPPED,
        MigrationState.FINISHING,
    ),
}


def arriving(**flags: bool) -> XenDomain:
    return XenDomain(domid=ARRIVING, name=NAME, uuid=UUID, **flags)


class Sockets:
    """The kernel: what it finds, and whether it can close it."""

    def __init__(self, closes: bool | None = True) -> None:
        self.found: MigrationSocket | None = SOCKET
        #: None when this kernel cannot
        self.closes = closes
        self.error: Exception | None = None
        self.acked: int | None = 1000
        self.closed: list[MigrationSocket] = []

    def find(self, domid: int, address: str) -> MigrationSocket | None:
        assert (domid, address) == (DOMID, "192.0.2.2")
        return self.found

    def bytes_acked(self, socket: MigrationSocket) -> int | None:
        if self.error is not None:
            raise self.error
        return self.acked

    def close(self, socket: MigrationSocket) -> bool:
        if self.closes is None:
            raise exceptions.SocketsUnavailable(action="closed", why="no CONFIG")
        self.closed.append(socket)
        return self.closes


class Peer:
    """The destination: the domains that arrive there, and what is done to them."""

    def __init__(self) -> None:
        self.domains: tuple[XenDomain, ...] = (arriving(paused=True),)
        self.noted: list[MigrationState] = []
        self.steps: list[RecoveryStep] = []
        #: files that are not there, how often somebody looked, whether it answers
        self.gone: tuple[str, ...] = ()
        self.looked = 0
        self.silent = False

    def note(self, journal: MigrationJournal) -> None:
        self.noted.append(journal.state)

    def view(self, uuid: str, name: str) -> GuestView:
        return GuestView(
            side=Side.DESTINATION, libvirt=LibvirtView.INCOMING, xen=self.domains
        )

    def carry_out(self, uuid: str, name: str, step: RecoveryStep) -> None:
        self.steps.append(step)

    def missing(self, files: tuple[str, ...]) -> tuple[str, ...]:
        self.looked += 1
        if self.silent:
            raise exceptions.PeerUnreachable(destination="xen2", why="off", command="x")
        assert files == FILES
        return self.gone


class Watched:
    """One migration in a state, with all that its end and its watch need."""

    def __init__(
        self,
        folder: pathlib.Path,
        state: MigrationState = MigrationState.COPYING,
        kind: MigrationKind = MigrationKind.LIVE,
        cap: int | None = None,
        timeout: TimeoutPlan = FOR_EVER,
        interval: float = 1.0,
    ) -> None:
        self.hosts = Hosts(folder)
        self.caps: list[tuple[int, int]] = []
        self.scheduler: str | None = None
        self.now = 1000.0
        world = self.hosts.world("xen1")
        self.world = dataclasses.replace(
            world,
            options=dataclasses.replace(world.options, monitor_interval=interval),
            toolstack=self,  # type: ignore[arg-type]
            clock=lambda: self.now,
        )
        self.sockets, self.peer = Sockets(), Peer()
        self.told: list[MigrationProgress] = []
        peer: Any = self.peer
        self.story = Story(self.world, peer, _record(kind), self.told.append)
        for each in PATHS[state]:
            self.story.enter(each)
        self.ending = Ending(
            self.world, self.story, peer, self.sockets, domid=DOMID, cap=cap
        )
        self.stopped: float | None = None
        self.to_suspend = False
        #: of what pauses it when it is suspended
        self.failed = ""
        self.resumed: float | None = None
        self.monitor = Monitor(
            self.world,
            self.story,
            self.ending,
            sockets=self.sockets,
            suspended=self,
            resumed=lambda: self.resumed,
            domid=DOMID,
            address="192.0.2.2",
            timeout=timeout,
            storage=StorageWatch(peer, FILES, lambda: self.now),
            pausing=self,
        )
        self.wishes = Wishes(self.world.options.state_path, UUID)

    def asked(self) -> bool:
        return self.to_suspend or self.stopped is not None

    def suspended_at(self) -> float | None:
        return self.stopped

    def ready(self) -> None:
        """Of what pauses it: it is."""

    def trouble(self) -> str:
        return self.failed

    def set_cap(self, domid: int, cap: int) -> None:
        """As Xen's tool does, whose scheduler may have no cap."""
        if self.scheduler is not None:
            raise exceptions.ToolstackFailed(doing="limiting", why=self.scheduler)
        self.caps.append((domid, cap))

    def close(self) -> None:
        self.hosts.close()

    def run(self, call: Call) -> None:
        """Watch a call to its end."""
        call.start()
        self.monitor.run(call)


def _record(kind: MigrationKind) -> MigrationRecord:
    return MigrationRecord(
        id="5a1e2d3c-0000-4000-8000-00000000000a",
        uuid=UUID,
        name=NAME,
        source="xen1",
        destination="xen2",
        uri="xen+tcp://xen2/system",
        kind=kind,
        mode=GuestMode.PVH,
        tunnelled=False,
        memory_mib=64,
        state=MigrationState.CHECKING,
        started=1000.0,
    )
