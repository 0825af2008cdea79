# SPDX-License-Identifier: Apache-2.0
"""The host of a scene and another one, which a server may move to.

They share the disk of this machine as their storage; each has a libvirt of its own.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nova_xen.migration import run
from nova_xen.migration.interfaces import Peer
from nova_xen.model import MigrationKind, MigrationRecord, MigrationRequest
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost
from unit.attacks.scene import SERVER, Scene
from unit.migration.crashing import Clock, Crash
from unit.migration.hosts import Hosts, Place

HERE, THERE = "xen1", "xen2"
#: where displays listen, by host
LISTEN = {HERE: "192.0.2.1", THERE: "192.0.2.2"}


@dataclasses.dataclass
class Sharing(Place):
    """A host with the options of the scene's, but for its own address."""

    like: Host = dataclasses.field(kw_only=True)

    def new_host(self) -> Host:
        listen = LISTEN[self.fake.hostname]
        options = dataclasses.replace(self.like.options, vnc_listen=listen)
        return dataclasses.replace(
            self.like, connection=self.new_connection(), options=options
        )


class Pair(Hosts):
    """xen1 with what the scene has, and xen2, which is empty."""

    def __init__(self, scene: Scene) -> None:
        self.crash = Crash()
        self.clock = Clock(self.crash)
        network = scene.fake.network
        other = FakeHost(THERE, exists=lambda path: True, network=network)
        self.places = {
            fake.hostname: Sharing(
                fake,
                scene.folder / fake.hostname,
                self.crash,
                self.clock,
                like=scene.host,
            )
            for fake in (scene.fake, other)
        }

    def seen_there(self, scene: Scene) -> Scene:
        """The scene as it is on xen2."""
        place = self.places[THERE]
        return dataclasses.replace(scene, fake=place.fake, host=place.new_host())

    def migrate_by(
        self, peer_of: Callable[[str], Peer], destination: str = THERE
    ) -> MigrationRecord:
        """Migrate from xen1 with another program at the other end."""
        world = dataclasses.replace(self.world(HERE), peer_of=peer_of)
        request = MigrationRequest(
            server=SERVER, destination=destination, kind=MigrationKind.STOP_AND_COPY
        )
        return run.migrate(world, request)

    def untouched(self) -> bool:
        """Whether the server runs on xen1, and xen2 knows nothing of it."""
        places = (self.executing(), self.domains(), self.defined(), self.persistent())
        return all(found == [HERE] for found in places) and not list(self.kept())


def always(peer: Peer) -> Callable[[str], Peer]:
    """This one, whatever host is asked for."""
    return lambda _address: peer


@contextmanager
def pair_of(scene: Scene) -> Iterator[Pair]:
    """Both hosts; what is open of them is closed at the end."""
    made = Pair(scene)
    try:
        yield made
    finally:
        made.close()
