# SPDX-License-Identifier: Apache-2.0
"""Which domain of this host has which file and which MAC address."""

from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.domain import HeldDisk
from nova_xen.hypervisor import Connection
from nova_xen.hypervisor.holdings import Held, take_holdings
from nova_xen.images import disk_files, identity_of
from nova_xen.model import DiskUse


def disk_uses(connection: Connection) -> tuple[DiskUse, ...]:
    """Every file of a disk, and every file below one, of all domains of this host."""
    return tuple(
        use
        for held in take_holdings(connection)
        for disk in held.holding.disks
        for use in _of_disk(held, disk)
    )


def mac_owners(connection: Connection) -> dict[str, str]:
    """The name of a domain by each of its MAC addresses, in small letters."""
    return {
        mac.lower(): held.server
        for held in take_holdings(connection)
        for mac in held.holding.macs
    }


def _of_disk(held: Held, disk: HeldDisk) -> Iterator[DiskUse]:
    if disk.source is None:
        return
    for depth, path in enumerate(_files(disk.source, disk.driver_type, held.server)):
        yield DiskUse(
            server=held.server,
            uuid=held.uuid,
            target=disk.target_dev,
            path=path,
            identity=identity_of(path),
            readonly=disk.readonly,
            now=held.now,
            below=depth > 0,
        )


def _files(path: str, disk_format: str | None, server: str) -> tuple[str, ...]:
    try:
        return disk_files(path, disk_format, server)
    except exceptions.FileMissing:
        return (path,)
