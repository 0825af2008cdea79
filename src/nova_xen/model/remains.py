# SPDX-License-Identifier: Apache-2.0
"""What a migration leaves on a host when its process dies: journal, domains, views."""

import dataclasses
import enum

from nova_xen.model.migration import MigrationKind, MigrationState


class Side(enum.StrEnum):
    """The two hosts of a migration."""

    SOURCE = "source"
    DESTINATION = "destination"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationJournal:
    """What a host must know of a migration should this process die.

    Written on both hosts before each step and removed when the migration has ended
    well; ``pid`` and ``boot_id`` tell whether its process is still there.
    ``definition`` is libvirt's document of the server, secrets too, in the source's
    journal alone: libvirt forgets it there at the end, and the destination's may be
    lost with its power a moment later (seen on real Xen).
    """

    id: str
    side: Side
    uuid: str
    name: str
    #: how the other host is reached: its address as the migration was asked for
    peer: str
    uri: str
    kind: MigrationKind
    state: MigrationState
    updated: float
    pid: int
    boot_id: str
    definition: str = dataclasses.field(default="", repr=False)


class LibvirtView(enum.StrEnum):
    """What a host's libvirt has of a guest."""

    NONE = "none"
    OFF = "off"
    RUNNING = "running"
    PAUSED = "paused"
    #: a record with id -1 and a job: a migration arrives here, or died here
    INCOMING = "incoming"


@dataclasses.dataclass(frozen=True, kw_only=True)
class XenDomain:
    """A domain as Xen itself has it, whatever libvirt believes (``xl list -v``).

    ``suspended`` when it was shut down with the reason suspend, as at the end of a
    copy; ``dying`` when its memory is still being freed.
    """

    domid: int
    name: str
    uuid: str
    memory_mib: int = 0
    paused: bool = False
    suspended: bool = False
    ended: bool = False
    dying: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuestView:
    """What one host has of a guest; several Xen domains of one UUID are possible."""

    side: Side
    libvirt: LibvirtView
    persistent: bool = False
    #: at the source, the id of the domain that its migration paused, gone or not
    held: int | None = None
    xen: tuple[XenDomain, ...] = ()
    journal: MigrationJournal | None = None
    #: whether the process that wrote the journal still works on it
    busy: bool = False
    #: the host's boot as it was looked at, "" when nobody told; a journal of that host
    #: with another one is older than its last reboot
    boot_id: str = ""
