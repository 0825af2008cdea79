# SPDX-License-Identifier: Apache-2.0
"""What a server has plugged in: when that may change, and what may be taken out."""

import dataclasses
import string
from collections.abc import Callable, Collection, Iterator

from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, Domain, Interface
from nova_xen.model import DiskBus, GuestMode, PowerState, Where
from nova_xen.planning.buses import EMULATED, device_index

Device = Disk | Interface
Match = Callable[[Device], bool]

_PREFIXES = ("xvd", "hd", "sd")
_ADVICE = {
    PowerState.PAUSED: (
        "unpause it or stop it first, since libxl plugs nothing while a guest is paused"
    ),
    PowerState.STOPPING: "wait until it is off",
    PowerState.SUSPENDED: "start it first, since its saved memory knows its devices",
}


def changed_where(server: str, state: PowerState) -> Where:
    """The documents in which devices of a server in this state change.

    :raises WrongState: none, while it is like that
    """
    match state:
        case PowerState.RUNNING:
            return Where(live=True, config=True)
        case PowerState.STOPPED | PowerState.CRASHED:
            return Where(live=False, config=True)
    raise exceptions.WrongState(
        server=server,
        action="given or relieved of devices",
        state=state.value,
        advice=_ADVICE.get(state, "look at it with 'nova-xen server show' first"),
    )


@dataclasses.dataclass(frozen=True)
class Documents:
    """A server's document of now, None when it is off, and that of its next start."""

    live: Domain | None
    config: Domain

    @property
    def disks(self) -> Iterator[Disk]:
        """The disks of both; one that is in both comes twice."""
        if self.live is not None:
            yield from self.live.devices.disks
        yield from self.config.devices.disks

    @property
    def interfaces(self) -> Iterator[Interface]:
        """The interfaces of both; one that is in both comes twice."""
        if self.live is not None:
            yield from self.live.devices.interfaces
        yield from self.config.devices.interfaces

    def find(self, match: Match) -> "Found":
        """The device that matches, in each."""
        return Found(_find(self.live, match), _find(self.config, match))


def _find(domain: Domain | None, match: Match) -> Device | None:
    if domain is None:
        return None
    devices: tuple[Device, ...] = (*domain.devices.disks, *domain.devices.interfaces)
    return next((device for device in devices if match(device)), None)


@dataclasses.dataclass(frozen=True)
class Found:
    """A device as it is now, and as it is to be at the next start."""

    live: Device | None
    config: Device | None

    @property
    def where(self) -> Where:
        """Which of the two there is."""
        return Where(live=self.live is not None, config=self.config is not None)

    @property
    def device(self) -> Device | None:
        """Whichever there is, that of now first."""
        return self.live or self.config


def of_disk(target: str, source: str | None = None) -> Match:
    """Matches the disk of this name, with this path when one is given."""

    def match(device: Device) -> bool:
        return (
            isinstance(device, Disk)
            and device.target_dev == target
            and source in (None, device.source)
        )

    return match


def of_interface(mac: str) -> Match:
    """Matches the interface of this address, in small letters."""

    def match(device: Device) -> bool:
        return isinstance(device, Interface) and (device.mac or "").lower() == mac

    return match


def place_of(target: str) -> str:
    """The letters of a disk's name: xvdb, hdb and sdb are one place."""
    for prefix in _PREFIXES:
        if target.startswith(prefix):
            return target.removeprefix(prefix)
    return target


def choose_disk(
    server: str, documents: Documents, named: str, paths: Collection[str]
) -> Match:
    """The disk that somebody means by its path or its name.

    :param named: xvdb, /dev/xvdb, or a path of this host
    :param paths: sources of disks that are the file at ``named``
    :raises DeviceNotFound: there is no such disk
    """
    for disk in documents.disks:
        if disk.source is not None and disk.source in paths:
            return of_disk(disk.target_dev, disk.source)
    target = named.removeprefix("/dev/")
    if any(disk.target_dev == target for disk in documents.disks):
        return of_disk(target)
    raise exceptions.DeviceNotFound(server=server, what="disk", device=named)


def choose_interface(server: str, documents: Documents, untrusted_mac: str) -> Match:
    """The interface that somebody means by its address.

    :raises DeviceNotFound: there is no such interface
    """
    match = of_interface(untrusted_mac.lower())
    if not documents.find(match).where:
        raise exceptions.DeviceNotFound(
            server=server, what="network interface", device=untrusted_mac
        )
    return match


def check_disk_removable(server: str, found: Found, folder: str) -> None:
    """Refuse to take out what belongs to the server, or what libxl cannot take out.

    :param folder: the server's own
    :raises DeviceKept: with the reason
    """
    for disk in (found.live, found.config):
        why = _kept(disk, folder) if isinstance(disk, Disk) else None
        if why is None and isinstance(found.live, Disk):
            why = _not_now(found.live)
        if isinstance(disk, Disk) and why is not None:
            raise exceptions.DeviceKept(
                server=server, what="disk", device=disk.target_dev, why=why
            )


def _kept(disk: Disk, folder: str) -> str | None:
    if (disk.source or "").startswith(f"{folder}/"):
        return "it was made with the server and goes with it, by 'server delete'"
    if disk.device is DiskDevice.CDROM:
        return "it is a CD drive, whose medium alone can change ('server change cdrom')"
    if place_of(disk.target_dev) == "a":
        return "it is the first disk, from which the server boots"
    return None


def _not_now(live: Disk) -> str | None:
    if live.target_bus != DiskBus.XEN:
        return (
            f"libxl takes no disk on the bus {live.target_bus} out of a server that "
            "is on; stop it first"
        )
    return None


def until_when(where: Where) -> str:
    """For how long a server has a device that could not be taken out of it."""
    if not where.config:
        return "until it is off"
    return "now and at its next start" if where.live else "at its next start"


def check_drive_gone(server: str, mode: GuestMode, disk: Disk, *, taken: bool) -> None:
    """Refuse to take a disk out of a running guest that may use it through its drive.

    libxl starts an HVM guest's QEMU with an IDE drive for each disk in the first four
    places (libxl_dm.c), and takes out Xen's own disk alone: QEMU has the file open
    still, and the guest can write to it. A guest that takes Xen's disks has QEMU
    unplug the drives first (docs/misc/hvm-emulated-unplug.pandoc).

    :param taken: it took the disk on Xen's bus
    :raises DeviceKept: it did not, as far as is known
    """
    if mode is not GuestMode.HVM or taken or not _may_be_emulated(disk.target_dev):
        return
    why = (
        "the guest may use it through its emulated drive, which cannot be taken out "
        "while it runs; stop the server first"
    )
    raise exceptions.DeviceKept(
        server=server, what="disk", device=disk.target_dev, why=why
    )


def _may_be_emulated(target: str) -> bool:
    try:
        return device_index(target.rstrip(string.digits)) < EMULATED
    except ValueError:
        # which libxl may know by a way of its own
        return True
