# SPDX-License-Identifier: Apache-2.0
"""A world for migrations made of a host and its configuration."""

import functools

from oslo_config import cfg

from nova_xen import config
from nova_xen.hypervisor import Connection, EventLoop
from nova_xen.hypervisor.pausing import Pausing
from nova_xen.hypervisor.suspend_watch import SuspendWatch
from nova_xen.hypervisor.xl import XlToolstack
from nova_xen.migration.history import History
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.kept import KeptPeer, PeerPool
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.migration.service import Migrations
from nova_xen.migration.sockets import KernelSockets
from nova_xen.migration.world import Destination, World
from nova_xen.model import Side
from nova_xen.operations.host import Host


def open_migrations(host: Host, conf: cfg.ConfigOpts) -> Migrations:
    """Migrations of ``host`` by what the options say; nothing is connected yet.

    :raises InvalidConfig: an option of migrations is not possible
    """
    options = config.migration_options(conf)
    toolstack = XlToolstack()
    journals = Journals(options.state_path)
    pool = PeerPool(functools.partial(KeptPeer, options.peer_command))
    world = World(
        host=host,
        options=options,
        local=LocalPeer(host, options, toolstack, journals, side=Side.SOURCE),
        toolstack=toolstack,
        sockets_of=KernelSockets,
        peer_of=pool.peer,
        destination_of=open_destination,
        suspend_watch_of=SuspendWatch,
        pausing_of=Pausing,
        journals=journals,
        history=History(options.state_path),
    )
    peer = LocalPeer(host, options, toolstack, journals, side=Side.DESTINATION)
    return Migrations(world, peer, pool)


def open_destination(uri: str) -> Destination:
    """The other host's libvirt, with events that come by this process's loop."""
    return Destination(Connection(uri, loop=EventLoop.shared()))
