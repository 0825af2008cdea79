# SPDX-License-Identifier: Apache-2.0
"""A migration of a server to another host: what is asked, known, measured and kept.

Times are seconds since the epoch on the source's clock, spans are seconds, sizes
bytes unless the name says MiB. All of it goes to the other host and to disk as JSON
(:mod:`nova_xen.migration.json`), so fields are plain values, enums and tuples.
"""

import dataclasses
import enum
from collections.abc import Mapping

from nova_xen.model.guest import GuestMode


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


class MigrateFlag(enum.StrEnum):
    """The flags of a migration that libxl takes, by libvirt's names."""

    LIVE = "LIVE"
    PEER2PEER = "PEER2PEER"
    TUNNELLED = "TUNNELLED"
    PERSIST_DEST = "PERSIST_DEST"
    UNDEFINE_SOURCE = "UNDEFINE_SOURCE"


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
