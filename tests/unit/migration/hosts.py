# SPDX-License-Identifier: Apache-2.0
"""Two hosts in memory with everything a migration needs, and what can go wrong.

The product's own code runs over them; the other host's side is done in this process,
as if over ssh, and is silent when that host is dark or unplugged.
"""

import dataclasses
import functools
import itertools
import pathlib
import threading
import uuid as uuids
from collections.abc import Iterator
from typing import Any

from nova_xen import exceptions
from nova_xen.domain import (
    Devices,
    Domain,
    NovaFlavor,
    NovaImage,
    NovaInstance,
    Os,
    OsType,
    format_domain,
)
from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.migration import recover, run
from nova_xen.migration.history import History
from nova_xen.migration.journal import Journals, boot_id
from nova_xen.migration.peer.actions import Patience, Scene
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.migration.world import World
from nova_xen.model import (
    MigrationJournal,
    MigrationKind,
    MigrationOptions,
    MigrationRecord,
    MigrationRequest,
    PlanOptions,
    RecoveryPlan,
    RecoveryStep,
    Side,
)
from nova_xen.operations.host import Host
from nova_xen.testing import (
    FakeHost,
    FakePausing,
    FakeSockets,
    FakeToolstack,
)
from unit.migration.crashing import Clock, Crash, CrashingJournals
from unit.migration.seeing import Watches

NAME = "web"
UUID = "5a1e2d3c-0000-4000-8000-000000000001"
_SOON = Patience(domain=1, restart=1, answer=1, leaving=0.1)
_INTERVAL = 0.002


def document(kernel: str, uuid: str = UUID, name: str = NAME) -> str:
    """A small PVH server's definition, as nova-xen makes them."""
    flavor = NovaFlavor(name="f", memory=64, disk=0, swap=0, ephemeral=0, vcpus=1)
    image = NovaImage(uuid=uuid, disk_format="raw", min_disk=0, min_ram=0)
    return format_domain(
        Domain(
            name=name,
            uuid=uuid,
            memory=64 * 1024,
            vcpus=1,
            os=Os(type=OsType.XENPVH, kernel=kernel),
            devices=Devices(),
            instance=NovaInstance(
                package="1",
                name=name,
                creation_time="2026-01-01 00:00:00",
                flavor=flavor,
                image=image,
            ),
        )
    )


class Restarting(LocalPeer):
    """A side whose libvirtd is restarted in memory instead of by a program."""

    def __init__(self, fake: FakeHost, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._fake = fake

    def _restart(self, scene: Scene, step: RecoveryStep) -> None:
        self._fake.break_connection()


class Distant:
    """The other host's side, which is silent when that host is not to be reached."""

    def __init__(self, near: "Place", far: "Place") -> None:
        self._near, self._far = near, far
        self._peer = far.new_side(Side.DESTINATION)

    def __getattr__(self, name: str) -> Any:
        if not (self._near.fake.linked and self._far.up and self._far.fake.linked):
            raise exceptions.PeerUnreachable(
                destination=self._far.fake.hostname, why="no answer", command="ssh"
            )
        return getattr(self._peer, name)

    def close(self) -> None:
        self._peer.close()


@dataclasses.dataclass
class Place:
    """One host: what is in memory, and what is on its disk."""

    fake: FakeHost
    folder: pathlib.Path
    crash: Crash
    clock: Clock
    #: whether it has power
    up: bool = True
    #: of which run of it what it writes is
    boot: str = dataclasses.field(default_factory=boot_id)

    def __post_init__(self) -> None:
        self.toolstack = FakeToolstack(self.fake)
        self.fake.job_timeout = 0.05
        self.options = MigrationOptions(
            scheme="xen+tcp",
            state_path=str(self.folder),
            monitor_interval=_INTERVAL,
            restart_command=("true",),
        )
        self.journals = Journals(str(self.folder))
        self.opened: list[Connection] = []

    def new_connection(self) -> Connection:
        """As another process would open it."""
        connection = Connection(
            opener=lambda uri: self.fake.connect(),
            deadlines=Deadlines(open=5, query=5, migrate=60),
            sleep=lambda seconds: None,
            save_folder=self.fake.saves.path,
        )
        self.opened.append(connection)
        return connection

    def new_host(self) -> Host:
        return Host(
            connection=self.new_connection(),
            options=PlanOptions(instances_path=str(self.folder)),
        )

    def new_side(self, side: Side, journals: Journals | None = None) -> LocalPeer:
        """This host's side, as a process of its own has it."""
        if journals is None:
            journals = CrashingJournals(str(self.folder), self.crash)
        return Restarting(
            self.fake,
            self.new_host(),
            self.options,
            self.toolstack,
            journals,
            side=side,
            patience=_SOON,
            clock=self.clock,
            boot=lambda: self.boot,
        )

    def power_on(self) -> None:
        """Boot it."""
        self.up, self.boot = True, str(uuids.uuid4())
        self.fake.power_on()

    def close(self) -> None:
        """Close what processes opened that are gone."""
        opened, self.opened = self.opened, []
        for connection in opened:
            connection.close()


class Hosts:
    """xen1 and xen2, and a server that runs on xen1."""

    #: whether the last look sees at once that the guest stood still and goes on
    at_once = False

    def __init__(self, folder: pathlib.Path) -> None:
        self.crash = Crash()
        self.clock = Clock(self.crash)
        kernel = folder / "vmlinuz"
        kernel.touch()
        first = FakeHost("xen1")
        second = FakeHost("xen2", network=first.network)
        self.places = {
            fake.hostname: Place(fake, folder / fake.hostname, self.crash, self.clock)
            for fake in (first, second)
        }
        domain = first.connect().defineXML(document(str(kernel)))
        domain.create()

    def far(self, name: str) -> str:
        """The other host's name."""
        return "xen2" if name == "xen1" else "xen1"

    def world(self, name: str) -> World:
        """What a process on a host works with."""
        here, there = self.places[name], self.places[self.far(name)]
        journals = CrashingJournals(str(here.folder), self.crash)
        local = here.new_side(Side.SOURCE, journals)
        watches = Watches(here.fake, there.new_connection(), self.at_once)
        return World(
            host=local._host,
            options=here.options,
            local=local,
            toolstack=here.toolstack,
            sockets_of=lambda: FakeSockets(here.fake),
            peer_of=lambda address: Distant(here, there),
            destination_of=lambda uri: watches.destination(),
            suspend_watch_of=watches.suspend_watch,
            pausing_of=functools.partial(FakePausing, here.fake),
            journals=journals,
            history=History(str(here.folder)),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def migrate(
        self, name: str, kind: MigrationKind = MigrationKind.LIVE
    ) -> MigrationRecord:
        """Migrate the server away from a host, in a process of its own."""
        request = MigrationRequest(server=NAME, destination=self.far(name), kind=kind)
        return run.migrate(self.world(name), request)

    def recover(self, name: str, *lost: str) -> tuple[RecoveryPlan, ...]:
        """``nova-xen migration recover`` on a host, with ``--lost-host``."""
        world = self.world(name)
        return recover.recover(world, lost_hosts=lost, alive=lambda host: "")

    def executing(self) -> list[str]:
        """The hosts on which the server's processors run, one for each domain."""
        return [
            name
            for name, place in self.places.items()
            for record in place.fake.xen
            if record.executing
        ]

    def domains(self) -> list[str]:
        """The hosts on which it has a domain in any condition."""
        return [name for name, place in self.places.items() for _ in place.fake.xen]

    def defined(self) -> list[str]:
        """The hosts whose libvirt knows it."""
        return [
            name
            for name, place in self.places.items()
            if any(guest.name == NAME for guest in place.fake.guests.values())
        ]

    def persistent(self) -> list[str]:
        """The hosts that have its definition."""
        return [
            name
            for name, place in self.places.items()
            for guest in place.fake.guests.values()
            if guest.name == NAME and guest.persistent
        ]

    def records(self, name: str) -> tuple[MigrationRecord, ...]:
        """The migrations that began on a host."""
        return History(str(self.places[name].folder)).all()

    def wait_for_calls(self, seconds: float = 30.0) -> None:
        """Wait until libvirt has ended what dead processes asked of it."""
        for place in self.places.values():
            for migration in list(place.fake.migrations):
                over = threading.Event()
                migration.when_over(over.set)
                assert over.wait(seconds), "a migration never ended"

    def heal(self) -> None:
        """Bring back whatever is dark, dead or unplugged."""
        for place in self.places.values():
            place.fake.plug()
            if not place.up:
                place.power_on()
            elif not place.fake.answers:
                place.fake.start_daemon()

    def darken(self, name: str) -> None:
        """Cut a host's power."""
        self.places[name].up = False
        self.places[name].fake.power_off()

    def kept(self) -> Iterator[MigrationJournal]:
        """The journals of both hosts."""
        return itertools.chain.from_iterable(
            place.journals.all() for place in self.places.values()
        )

    def close(self) -> None:
        """Close what is open."""
        for place in self.places.values():
            place.close()
