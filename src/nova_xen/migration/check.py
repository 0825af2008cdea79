# SPDX-License-Identifier: Apache-2.0
"""The checks before a migration: both hosts are asked, nothing is changed."""

import contextlib
import dataclasses
import logging
from concurrent.futures import ThreadPoolExecutor

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import Guest, require_xen
from nova_xen.migration.guest import moving_guest, storage_folders
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.peer.proof import prove
from nova_xen.migration.world import Destination, World
from nova_xen.model import (
    Inquiry,
    MigrationHost,
    MigrationRequest,
    MovingGuest,
)
from nova_xen.planning.migration import checks, uris

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checked:
    """A migration that can be: the guest, the other host and the ways to it."""

    moving: MovingGuest
    source: MigrationHost
    target: MigrationHost
    peer: Peer
    destination: Destination
    uri: str
    #: where its memory and libvirt's call go
    address: str


def check(
    world: World,
    guest: Guest,
    domain: Domain,
    request: MigrationRequest,
    stack: contextlib.ExitStack,
) -> Checked:
    """Ask both hosts and compare.

    :param stack: closes what is opened
    :raises MigrationRefused: with every reason found, its numbers in it
    :raises PeerUnreachable: the other host's nova-xen gives no answer
    :raises DestinationUnreachable: its libvirt cannot be used from here
    """
    uris.require_address(request.destination, server=guest.name)
    peer = world.peer_of(request.destination)
    stack.callback(peer.close)
    moving = moving_guest(world.host, guest, domain)
    source, target = _compared(world, peer, moving, request)
    address = target.address or request.destination
    uri = uris.destination_uri(world.options, address, server=guest.name)
    destination = world.destination_of(uri)
    stack.callback(destination.close)
    require_xen(destination.connection, request.destination)
    return Checked(
        moving=moving,
        source=source,
        target=target,
        peer=peer,
        destination=destination,
        uri=uri,
        address=address,
    )


def _compared(
    world: World, peer: Peer, moving: MovingGuest, request: MigrationRequest
) -> tuple[MigrationHost, MigrationHost]:
    """Both hosts, asked at the same time, when nothing speaks against it."""
    with (
        ThreadPoolExecutor(1, "nova-xen-check") as beside,
        prove(storage_folders(moving), server=moving.name) as proofs,
    ):
        # its own name is in nobody's way here
        own = dataclasses.replace(_inquiry(moving, ()), name="")
        here = beside.submit(world.local.ask, own)
        before = world.clock()
        target = peer.ask(_inquiry(moving, tuple(proofs)))
        # the answer was made in between: only what is certain counts as a difference
        clock = min(max(target.clock, before), world.clock())
        source = dataclasses.replace(here.result(), clock=clock)
    options = world.options
    found = checks.refusals(moving, source, target, request, options, proofs=proofs)
    if found:
        raise exceptions.MigrationRefused(
            server=moving.name, destination=request.destination, why="; ".join(found)
        )
    for warning in checks.warnings(moving, source, target, request, options):
        LOG.warning("Server %s: %s", moving.name, warning)
    return source, target


def _inquiry(moving: MovingGuest, proofs: tuple[str, ...]) -> Inquiry:
    return Inquiry(
        name=moving.name,
        uuid=moving.uuid,
        files=files_of(moving),
        proofs=proofs,
        formats=tuple(dict.fromkeys(disk.format for disk in moving.disks)),
        cpu=moving.cpu,
    )


def files_of(moving: MovingGuest) -> tuple[str, ...]:
    """Absolute paths that both hosts must have: of disks, what they are overlays of,
    kernel, ramdisk, firmware."""
    disks = [path for disk in moving.disks for path in disk.files]
    return tuple(dict.fromkeys([*disks, *moving.files]))
