# SPDX-License-Identifier: Apache-2.0
"""Two private libvirtds over simulated Xen, and the driver's migrations between them.

What is real: libvirt's peer-to-peer protocol, its checks of the document, its events,
the connection of the migration and the kernel's counts of it. Memory is 256 KiB of
the same byte, and the other host's side is done in this process.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from libxl.rig.daemon import Daemon
from libxl.rig.simulation import Simulation
from libxl.rig.toolstack import SimulatedPausing, SimulatedToolstack
from nova_xen.hypervisor import BootPaths, Connection
from nova_xen.migration import recover, run
from nova_xen.migration.history import History
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.migration.sockets import KernelSockets
from nova_xen.migration.world import Destination, World
from nova_xen.model import (
    MigrationOptions,
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    PlanOptions,
    RecoveryPlan,
    Side,
)
from nova_xen.operations.host import Host

ADDRESS = "127.0.0.1"
#: seconds; nothing takes long here
LONGEST_SLEEP = 0.1


class Unwatched:
    """The simulated Xen has no xenstore that tells when a guest stands still."""

    def asked(self) -> bool:
        """Nobody can tell."""
        return False

    def suspended_at(self) -> float | None:
        """Nobody can tell."""
        return None

    def close(self) -> None:
        """Nothing is held."""


@dataclasses.dataclass(frozen=True)
class Running:
    """A daemon that another process keeps."""

    uri: str
    tcp_uri: str
    pid: int
    xen: Simulation


class Place:
    """One host with its files."""

    def __init__(self, daemon: Daemon | Running, folder: Path, shared: Path) -> None:
        self.daemon = daemon
        self.toolstack = SimulatedToolstack(daemon.xen, folder)
        self.state = folder / "migrations"
        self.journals = Journals(str(self.state))
        grub = shared / "grub"
        grub.touch()
        self.host = Host(
            connection=Connection(daemon.uri),
            options=PlanOptions(instances_path=str(shared / "instances")),
            boot_paths=BootPaths(pvgrub=(str(grub),), pvhgrub=(str(grub),)),
        )

    def options(self, far: Daemon | Running, **given: Any) -> MigrationOptions:
        """How this host reaches the other."""
        port = far.tcp_uri.rpartition(":")[2].partition("/")[0]
        return MigrationOptions(
            uri=f"xen+tcp://%s:{port}/system",
            inbound_addr=ADDRESS,
            state_path=str(self.state),
            monitor_interval=0.02,
            **given,
        )

    def side(self, far: Daemon | Running, side: Side) -> LocalPeer:
        """This host as one end of a migration."""
        options = self.options(far)
        return LocalPeer(self.host, options, self.toolstack, self.journals, side=side)


class Between:
    """The way from one host to the other."""

    def __init__(self, here: Place, there: Place, **options: Any) -> None:
        self.here, self.there = here, there
        self._options = options

    def world(self) -> World:
        """Everything that a process at the source works with."""
        far = self.there.daemon
        return World(
            host=self.here.host,
            options=self.here.options(far, **self._options),
            local=self.here.side(far, Side.SOURCE),
            toolstack=self.here.toolstack,
            sockets_of=lambda: KernelSockets((self.here.daemon.pid,)),
            peer_of=lambda _: self.there.side(self.here.daemon, Side.DESTINATION),
            destination_of=lambda uri: Destination(Connection(uri)),
            suspend_watch_of=lambda _domid: Unwatched(),
            pausing_of=functools.partial(SimulatedPausing, self.here.toolstack),
            journals=self.here.journals,
            history=History(str(self.here.state)),
            sleep=lambda seconds: time.sleep(min(seconds, LONGEST_SLEEP)),
        )

    def migrate(
        self,
        name: str,
        watch: Callable[[MigrationProgress], None] = run.nobody,
        **given: Any,
    ) -> MigrationRecord:
        """Move a server, as nova-xen does it."""
        asked = MigrationRequest(server=name, destination=ADDRESS, **given)
        return run.migrate(self.world(), asked, watch)

    def recover(self) -> tuple[RecoveryPlan, ...]:
        """Settle what died."""
        return recover.recover(self.world())


class Background:
    """A migration on a thread of its own, while a test does something to it."""

    def __init__(self, migrate: Callable[[], MigrationRecord]) -> None:
        self._migrate = migrate
        self.record: MigrationRecord | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.record = self._migrate()
        except Exception as error:
            self.error = error

    def join(self) -> None:
        """Wait for its end; a migration always has one."""
        self._thread.join(120)
        assert not self._thread.is_alive(), "the migration does not end"
