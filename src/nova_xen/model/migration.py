# SPDX-License-Identifier: Apache-2.0
"""A migration of a server to another host: what is asked, known, measured and kept.

Times are seconds since the epoch on the source's clock, spans are seconds, sizes
bytes unless the name says MiB. All of it goes to the other host and to disk as JSON
(:mod:`nova_xen.migration.json`), so fields are plain values, enums and tuples.
"""

import dataclasses
import enum
from collections.abc import Mapping

from nova_xen.model.guest import DiskFormat, GuestMode


class MigrationState(enum.StrEnum):
    """Where a migration is; the legal successors are in planning/migration/states."""

    CHECKING = "checking"
    PREPARING = "preparing"
    COPYING = "copying"
    #: the guest stands still at the source and does not run elsewhere yet
    STOPPED = "stopped"
    #: it runs at the destination; definitions and devices are put in order
    FINISHING = "finishing"
    DONE = "done"
    ABORTING = "aborting"
    ABORTED = "aborted"
    FAILED = "failed"
    #: a person must decide, since a host cannot be asked
    UNDECIDED = "undecided"


class MigrationKind(enum.StrEnum):
    """How memory goes over."""

    LIVE = "live"
    #: the guest stands still while its memory is copied
    STOP_AND_COPY = "stop-and-copy"


class TimeoutAction(enum.StrEnum):
    """What happens when a migration takes too long, by Nova's words."""

    ABORT = "abort"
    FORCE_COMPLETE = "force_complete"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationRequest:
    """What a person or a cloud asks for; None takes what the options say."""

    server: str
    destination: str
    kind: MigrationKind = MigrationKind.LIVE
    tunnelled: bool | None = None
    #: seconds the whole copy may take; 0 for ever
    timeout: int | None = None
    timeout_action: TimeoutAction | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationOptions:
    """The operator's choices, by Nova's names where Nova has one.

    ``uri`` is a template with one ``%s`` for the address, None for the one that
    ``scheme`` makes; ``completion_timeout`` in seconds for each GiB of memory, 0 for
    ever; ``peer_command`` is a program with its arguments that runs ``nova-xen
    migration peer`` on the destination, ``%s`` in a word standing for its address.
    """

    uri: str | None = None
    scheme: str = "xen+tls"
    inbound_addr: str | None = None
    tunnelled: bool = False
    completion_timeout: int = 800
    timeout_action: TimeoutAction = TimeoutAction.ABORT
    monitor_interval: float = 1.0
    log_interval: float = 30.0
    max_concurrent: int = 1
    peer_command: tuple[str, ...] = ()
    state_path: str = "/var/lib/nova-xen/migrations"
    metrics_path: str | None = None
    #: how libvirtd is restarted, the one way to clear what a dead peer left in it
    restart_command: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingDisk:
    """A disk of the guest: ``files`` are its path and those it is an overlay of."""

    target: str
    format: DiskFormat
    files: tuple[str, ...]
    block: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingGuest:
    """What is known of the guest at the source before it moves.

    ``passthrough`` names its host devices, ``files`` its kernel, ramdisk, firmware and
    boot loader, ``cpu`` is the ``<cpu>`` element of the source's capabilities.
    """

    uuid: str
    name: str
    mode: GuestMode
    running: bool
    memory_mib: int
    vcpus: int
    disks: tuple[MovingDisk, ...] = ()
    bridges: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()
    cpu: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inquiry:
    """What the source asks the destination about, in one round trip.

    ``files`` must exist there, ``proofs`` are files whose content shall be told,
    ``formats`` must be served by its QEMU, ``cpu`` be offered by its processor.
    """

    name: str
    uuid: str
    files: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    formats: tuple[DiskFormat, ...] = ()
    cpu: str = ""


class CpuComparison(enum.IntEnum):
    """libvirt's virCPUCompareResult, and None's stand-in where nobody could say."""

    ERROR = -1
    INCOMPATIBLE = 0
    IDENTICAL = 1
    SUPERSET = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationHost:
    """A host as a migration sees it, the source's own or the destination's answer.

    Versions are libvirt's integers; ``virt_caps`` are the words of ``xl info``;
    ``clock`` is the host's time when it answered; ``domains`` has the UUID of each
    name that libvirt or Xen knows; ``proofs`` the content of each proof file, None
    where it cannot be read; ``missing`` the files asked about that are not there.
    """

    hostname: str
    address: str
    xen_version: int
    libvirt_version: int
    clock: float
    free_memory_mib: int
    autoballoon: bool = False
    max_vcpus: Mapping[GuestMode, int] = dataclasses.field(default_factory=dict)
    virt_caps: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    domains: Mapping[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    proofs: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    unserved_formats: tuple[DiskFormat, ...] = ()
    cpu: CpuComparison = CpuComparison.ERROR
    console_listen: str = "127.0.0.1"
    #: guests arriving there now
    incoming: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationSample:
    """One measurement; None where nothing measured it.

    ``bytes_sent`` are bytes that the destination acknowledged, by the kernel's count
    of the migration's own connection.
    """

    at: float
    state: MigrationState
    bytes_sent: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationProgress:
    """What the samples so far say; see planning/migration/estimate for each number.

    ``rate`` in bytes a second over the last samples; ``passes`` how often memory has
    gone over at least; ``dirty_rate`` bytes a second that were sent again;
    ``remaining`` is an estimate in seconds and nothing else.
    """

    state: MigrationState
    elapsed: float
    bytes_sent: int | None = None
    memory: int = 0
    rate: float | None = None
    passes: int | None = None
    dirty_rate: float | None = None
    remaining: float | None = None
    downtime: float | None = None
    throttled: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationRecord:
    """What is kept of a migration for ever: one JSON file.

    ``entered`` has when each state began; ``downtime`` is measured, None when nobody
    saw both ends of it; ``why`` says how it ended when it is not done.
    """

    id: str
    uuid: str
    name: str
    source: str
    destination: str
    uri: str
    kind: MigrationKind
    mode: GuestMode
    tunnelled: bool
    memory_mib: int
    state: MigrationState
    started: float
    ended: float | None = None
    entered: Mapping[MigrationState, float] = dataclasses.field(default_factory=dict)
    downtime: float | None = None
    bytes_sent: int | None = None
    passes: int | None = None
    why: str = ""
    samples: tuple[MigrationSample, ...] = ()


class Side(enum.StrEnum):
    """The two hosts of a migration."""

    SOURCE = "source"
    DESTINATION = "destination"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationJournal:
    """What a host must know of a migration should this process die.

    Written on both hosts before each step and removed when the migration has ended
    well; ``pid`` and ``boot_id`` tell whether its process is still there.
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
    xen: tuple[XenDomain, ...] = ()
    journal: MigrationJournal | None = None
    #: whether the process that wrote the journal still works on it
    busy: bool = False
