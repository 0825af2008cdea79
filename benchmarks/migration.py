# SPDX-License-Identifier: Apache-2.0
"""What a migration costs beside libvirt: two hosts in memory, their files on disk.

Every call of libvirt is timed and taken off, so that what is left is this package's
own: the checks, the journals of both hosts with their syncs, the record, the watching.
"""

import dataclasses
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, Report
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
from nova_xen.hypervisor import Connection
from nova_xen.migration import run
from nova_xen.migration.history import History
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.migration.world import Destination, World
from nova_xen.model import MigrationOptions, MigrationRequest, PlanOptions, Side
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost, FakeSockets, FakeSuspendWatch, FakeToolstack

ROUNDS = 200
NAME = "web"
WANTED = "own migrations a second, without libvirt"


class Timed(Connection):
    """A connection that knows how long libvirt took."""

    def __init__(self, opener: Callable[[str], Any]) -> None:
        super().__init__(opener=opener)
        self.seconds = 0.0

    def direct(self, target: Any, method: str, *arguments: Any) -> Any:
        """Make the call, and note what it took."""
        begin = time.perf_counter()
        try:
            return super().direct(target, method, *arguments)
        finally:
            self.seconds += time.perf_counter() - begin


@dataclasses.dataclass(frozen=True)
class Place:
    """A host, its connections and its folder."""

    fake: FakeHost
    connection: Timed
    options: MigrationOptions
    journals: Journals
    host: Host

    @classmethod
    def build(cls, fake: FakeHost, folder: Path) -> "Place":
        """A host that keeps its files below ``folder``."""
        connection = Timed(fake.connect)
        state = str(folder / fake.hostname)
        return cls(
            fake=fake,
            connection=connection,
            options=MigrationOptions(scheme="xen+ssh", state_path=state),
            journals=Journals(state),
            host=Host(
                connection=connection,
                options=PlanOptions(instances_path=str(folder / "instances")),
            ),
        )

    def side(self, side: Side) -> LocalPeer:
        """This host as one end of a migration."""
        toolstack = FakeToolstack(self.fake)
        return LocalPeer(self.host, self.options, toolstack, self.journals, side=side)


def _world(here: Place, there: Place) -> World:
    return World(
        host=here.host,
        options=here.options,
        local=here.side(Side.SOURCE),
        toolstack=FakeToolstack(here.fake),
        sockets_of=lambda: FakeSockets(here.fake),
        peer_of=lambda _address: there.side(Side.DESTINATION),
        destination_of=lambda _uri: Destination(there.connection),
        suspend_watch_of=lambda domid: FakeSuspendWatch(here.fake, domid),
        journals=here.journals,
        history=History(here.options.state_path),
    )


def measure(rounds: int = ROUNDS) -> Report:
    """Send a server there and back so many times."""
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as folder:
            whole, own = _measured(_places(Path(folder)), rounds)
    finally:
        logging.disable(logging.NOTSET)
    return Report(
        benchmark="migration",
        figures=(
            Figure.of("a migration", "ms", [each * 1000 for each in whole]),
            Figure.of("of it this package's own", "ms", [each * 1000 for each in own]),
            Figure.of(WANTED, "1/s", [1 / each for each in own]),
        ),
        notes=(
            "both hosts' sides are done in one process, so each second has the work of "
            "source and destination",
            "journals and records are synced to the disk of this machine",
        ),
    )


def _measured(
    places: tuple[Place, Place], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of each migration, and of it outside libvirt."""
    here, there = places
    whole, own = [], []
    for _ in range(rounds):
        before = here.connection.seconds + there.connection.seconds
        begin = time.perf_counter()
        asked = MigrationRequest(server=NAME, destination=there.fake.hostname)
        run.migrate(_world(here, there), asked)
        whole.append(time.perf_counter() - begin)
        calls = here.connection.seconds + there.connection.seconds - before
        own.append(whole[-1] - calls)
        here, there = there, here
    return whole, own


def _places(folder: Path) -> tuple[Place, Place]:
    first = FakeHost("xen1")
    second = FakeHost("xen2", network=first.network)
    kernel = folder / "vmlinuz"
    kernel.touch()
    first.connect().defineXML(_document(str(kernel))).create()
    return Place.build(first, folder), Place.build(second, folder)


def _document(kernel: str) -> str:
    flavor = NovaFlavor(name="f", memory=64, disk=0, swap=0, ephemeral=0, vcpus=1)
    uuid = "5a1e2d3c-0000-4000-8000-000000000001"
    image = NovaImage(uuid=uuid, disk_format="raw", min_disk=0, min_ram=0)
    instance = NovaInstance(
        package="1",
        name=NAME,
        creation_time="2026-01-01 00:00:00",
        flavor=flavor,
        image=image,
    )
    domain = Domain(
        name=NAME,
        uuid=uuid,
        memory=64 * 1024,
        vcpus=1,
        os=Os(type=OsType.XENPVH, kernel=kernel),
        devices=Devices(),
        instance=instance,
    )
    return format_domain(domain)
