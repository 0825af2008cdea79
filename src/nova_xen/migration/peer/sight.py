# SPDX-License-Identifier: Apache-2.0
"""What a host is to a migration, and what it has of one guest; nothing is changed."""

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterable
from typing import Any

from nova_xen import exceptions
from nova_xen.hypervisor import Connection, Guest, find_guest
from nova_xen.hypervisor.pause_mark import paused_domain
from nova_xen.migration.interfaces import Toolstack
from nova_xen.migration.journal import Journals
from nova_xen.model import (
    CpuComparison,
    LibvirtView,
    MigrationJournal,
    PowerState,
    Side,
    XenDomain,
)

LOG = logging.getLogger(__name__)

NIL_UUID = "00000000-0000-0000-0000-000000000000"
#: VIR_DOMAIN_JOB_NONE, the first number of jobInfo
_NO_JOB = 0
#: what xl calls a domain whose memory arrives, until all of it is there
_INCOMING = "--incoming"


@dataclasses.dataclass(frozen=True)
class Known:
    """What libvirt knows of a guest; ``domid`` is None when it has no domain.
    ``job`` when a guest that is here has one. At the source libvirt goes on migrating
    it when the process that asked for it is dead; at the destination the job of a
    migration whose source died stays for ever and tells nothing.
    """

    view: LibvirtView
    persistent: bool = False
    domid: int | None = None
    guest: Guest | None = None
    job: bool = False


def known_to_libvirt(connection: Connection, uuid: str) -> Known:
    """What libvirt has of a guest, by its UUID.

    A record without a domain that has a job or no definition is a migration that
    arrives or died here: nothing else leaves one (seen on libvirt 9.0, Xen 4.17).

    :raises HypervisorError: libvirt cannot be asked
    """
    try:
        return _known(connection, find_guest(connection, uuid))
    except exceptions.ServerNotFound:
        return Known(LibvirtView.NONE)


def _known(connection: Connection, guest: Guest) -> Known:
    persistent = bool(_read(connection, guest, "isPersistent"))
    domid = guest.domid()
    if domid is not None:
        job = _has_job(connection, guest)
        return Known(_active(guest.state()), persistent, domid, guest, job)
    arriving = not persistent or _has_job(connection, guest)
    view = LibvirtView.INCOMING if arriving else LibvirtView.OFF
    return Known(view, persistent, domid, guest)


def _has_job(connection: Connection, guest: Guest) -> bool:
    return bool(_read(connection, guest, "jobInfo")[0] != _NO_JOB)


def _active(state: PowerState) -> LibvirtView:
    match state:
        case PowerState.RUNNING:
            return LibvirtView.RUNNING
        case PowerState.PAUSED:
            return LibvirtView.PAUSED
        case _:
            return LibvirtView.OFF


def _read(connection: Connection, guest: Guest, method: str) -> Any:
    return connection.call(
        method,
        doing="reading the state of",
        server=guest.name,
        on=lambda raw: connection.direct(raw, "lookupByUUIDString", guest.uuid),
    )


def is_of(domain: XenDomain, uuid: str, name: str) -> bool:
    """Whether a Xen domain is this guest's.

    By its UUID, which libxl gives a domain when it makes it; a name counts only for
    one without UUID, since another guest may have the same.
    """
    if domain.uuid not in ("", NIL_UUID):
        return domain.uuid == uuid
    return domain.name in (name, name + _INCOMING)


def domains_of(toolstack: Toolstack, uuid: str, name: str) -> tuple[XenDomain, ...]:
    """Every Xen domain of the guest, whether libvirt sees it or not.

    :raises ToolstackFailed: Xen cannot be asked
    """
    return tuple(each for each in toolstack.domains() if is_of(each, uuid, name))


def held_domain(
    journals: Journals, journal: MigrationJournal | None, boot: str
) -> int | None:
    """The domain that its migration has paused here, since this host was booted.

    :raises ToolstackFailed: nobody can tell
    """
    if journal is None or journal.side is not Side.SOURCE or journal.boot_id != boot:
        return None
    return paused_domain(journals.path(journal.uuid))


def all_names(
    connection: Connection, toolstack: Toolstack, wanted: str
) -> dict[str, str]:
    """The UUID of each name that libvirt or Xen has, but Domain-0.

    :param wanted: the name that must be free; nothing is told where that is ""
    """
    if not wanted:
        return {}
    handles = connection.call("listAllDomains", 0, doing="listing the guests")
    found = {each.name: each.uuid for each in toolstack.domains()}
    found |= {each.name(): each.UUIDString() for each in handles if each.ID() != 0}
    return found


def compare_cpu(connection: Connection, cpu: str) -> CpuComparison:
    """How this host's processor compares with a ``<cpu>`` element; '' is not asked.

    Where libvirt cannot tell, ERROR says so and the reason is logged.

    :raises HypervisorUnavailable, DeadlineExceeded: libvirt cannot be asked
    """
    if not cpu:
        return CpuComparison.ERROR
    try:
        found = connection.call("compareCPU", cpu, 0, doing="comparing processors")
    except (exceptions.HypervisorUnavailable, exceptions.DeadlineExceeded):
        raise
    except exceptions.HypervisorError as error:
        LOG.info("The processors cannot be compared: %s", error)
        return CpuComparison.ERROR
    with contextlib.suppress(ValueError):
        return CpuComparison(found)
    return CpuComparison.ERROR


def missing_files(files: Iterable[str]) -> tuple[str, ...]:
    """Those of ``files`` that are not here, or not to be seen by this user."""
    return tuple(path for path in files if not os.path.exists(path))
