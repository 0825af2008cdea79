# SPDX-License-Identifier: Apache-2.0
"""What a migration costs beside libvirt: two hosts in memory, their files on disk.

Every call of libvirt is timed and taken off, so that what is left is this package's
own: the checks, the journals of both hosts with their syncs, the record, the watching.
How long a sync takes is the disk's, and how long a process waits for a processor that
others use is the machine's, so both are also told apart.
"""

import contextlib
import dataclasses
import functools
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

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
from nova_xen.testing import (
    FakeHost,
    FakePausing,
    FakeSockets,
    FakeSuspendWatch,
    FakeToolstack,
)

ROUNDS = 200
NAME = "web"
WANTED = "own migrations a second, without libvirt"


@dataclasses.dataclass
class Meter:
    """When each call of libvirt began and ended, and what processor time they took."""

    spans: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    processor: float = 0.0


class Timed(Connection):
    """A connection whose calls are measured."""

    def __init__(self, opener: Callable[[str], Any], meter: Meter) -> None:
        super().__init__(opener=opener)
        self._meter = meter

    def direct(self, target: Any, method: str, *arguments: Any) -> Any:
        """Make the call, and note what it took."""
        begin, used = time.perf_counter(), time.thread_time()
        try:
            return super().direct(target, method, *arguments)
        finally:
            self._meter.spans.append((begin, time.perf_counter()))
            self._meter.processor += time.thread_time() - used


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds in which at least one of the calls was under way."""
    seconds, until = 0.0, 0.0
    for begin, end in sorted(spans):
        seconds += max(0.0, end - max(begin, until))
        until = max(until, end)
    return seconds


@dataclasses.dataclass
class Syncs:
    """What this process waited for the disk."""

    count: int = 0
    seconds: float = 0.0

    @classmethod
    @contextlib.contextmanager
    def watched(cls) -> Iterator["Syncs"]:
        """Count and time every fsync in the block."""
        syncs, fsync = cls(), os.fsync

        def timed(number: int) -> None:
            begin = time.perf_counter()
            fsync(number)
            syncs.seconds += time.perf_counter() - begin
            syncs.count += 1

        with mock.patch.object(os, "fsync", timed):
            yield syncs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Round:
    """One migration: seconds, and how many syncs; ``own`` is without libvirt.

    Both hosts are asked at once, and what is done on one while the other's libvirt
    works would not be in the time that is left: the processor time has it.
    """

    whole: float
    own: float
    processor: float
    syncs: int
    synced: float

    @property
    def cost(self) -> float:
        """Seconds that it costs at least, however they overlap."""
        return max(self.own, self.processor + self.synced)


@dataclasses.dataclass(frozen=True)
class Place:
    """A host, what its connections took and its folder."""

    fake: FakeHost
    meter: Meter
    options: MigrationOptions
    journals: Journals
    host: Host

    @classmethod
    def build(cls, fake: FakeHost, folder: Path) -> "Place":
        """A host that keeps its files below ``folder``."""
        meter = Meter()
        state = str(folder / fake.hostname)
        return cls(
            fake=fake,
            meter=meter,
            options=MigrationOptions(scheme="xen+ssh", state_path=state),
            journals=Journals(state),
            host=Host(
                connection=Timed(fake.connect, meter),
                options=PlanOptions(instances_path=str(folder / "instances")),
            ),
        )

    def destination(self) -> Destination:
        """Its libvirt as another host reaches it, by a connection for one migration."""
        return Destination(Timed(self.fake.connect, self.meter))

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
        destination_of=lambda _uri: there.destination(),
        suspend_watch_of=lambda domid: FakeSuspendWatch(here.fake, domid),
        pausing_of=functools.partial(FakePausing, here.fake),
        journals=here.journals,
        history=History(here.options.state_path),
    )


def measure(rounds: int = ROUNDS) -> Report:
    """Send a server there and back so many times."""
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as folder, Syncs.watched() as syncs:
            done = _measured(_places(Path(folder)), rounds, syncs)
    finally:
        logging.disable(logging.NOTSET)
    return Report(
        benchmark="migration",
        figures=_figures(done),
        notes=(
            "both hosts' sides are done in one process, so each second has the work of "
            "source and destination",
            "journals and records are synced to the disk of this machine",
        ),
    )


def _figures(done: Sequence[Round]) -> tuple[Figure, ...]:
    return (
        Figure.of("a migration", "ms", [each.whole * 1000 for each in done]),
        Figure.of("of it this package's own", "ms", [each.own * 1000 for each in done]),
        Figure.of("its processor time", "ms", [each.processor * 1000 for each in done]),
        Figure.of("its waiting for the disk", "ms", [e.synced * 1000 for e in done]),
        Figure.of("its syncs", "calls", [each.syncs for each in done]),
        Figure.of(WANTED, "1/s", [1 / each.cost for each in done]),
    )


def _measured(
    places: tuple[Place, Place], rounds: int, syncs: Syncs
) -> tuple[Round, ...]:
    """Each migration; they begin on either host in turn."""
    here, there = places
    done = []
    for _ in range(rounds):
        done.append(_migrate(here, there, syncs))
        here, there = there, here
    return tuple(done)


def _migrate(here: Place, there: Place, syncs: Syncs) -> Round:
    both = (here.meter, there.meter)
    asked = MigrationRequest(server=NAME, destination=there.fake.hostname)
    for each in both:
        each.spans.clear()
    called = sum(each.processor for each in both)
    count, synced = syncs.count, syncs.seconds
    begin, used = time.perf_counter(), time.process_time()
    run.migrate(_world(here, there), asked)
    whole, processor = time.perf_counter() - begin, time.process_time() - used
    return Round(
        whole=whole,
        own=whole - covered(span for each in both for span in each.spans),
        processor=processor - (sum(each.processor for each in both) - called),
        syncs=syncs.count - count,
        synced=syncs.seconds - synced,
    )


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
