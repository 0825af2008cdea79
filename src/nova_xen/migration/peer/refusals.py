# SPDX-License-Identifier: Apache-2.0
"""What the destination refuses, in its words: before anything began, and on the way."""

import socket
from collections.abc import Iterable

from nova_xen import exceptions
from nova_xen.domain.tree import fromstring
from nova_xen.migration.journal import Journals
from nova_xen.model import MigrationJournal, MigrationState, Side

#: a journal in one of these states is kept for its reader alone
ENDED = frozenset({MigrationState.DONE, MigrationState.ABORTED, MigrationState.FAILED})


def refused(journal: MigrationJournal, why: str) -> exceptions.MigrationRefused:
    """Nothing has begun here, and nothing was changed."""
    return exceptions.MigrationRefused(
        server=journal.name, destination=socket.gethostname(), why=why
    )


def too_late(journal: MigrationJournal) -> exceptions.MigrationTooLate:
    """It is under way, and another process has taken it over here."""
    return exceptions.MigrationTooLate(
        server=journal.name,
        action=f"continued on host {socket.gethostname()}",
        why="another process works on it there",
    )


def require_fresh(journal: MigrationJournal, kept: MigrationJournal | None) -> None:
    """See that no earlier migration of the guest died here.

    :raises MigrationRefused: one did, and would be settled wrongly after this
    """
    if kept is None or kept.id == journal.id or kept.state in ENDED:
        return
    raise refused(
        journal,
        f"an earlier migration of it ({kept.id}) died there while {kept.state}; "
        f"run 'nova-xen migration recover {journal.name}' first",
    )


def require_room(journal: MigrationJournal, arriving: int, limit: int) -> None:
    """See that fewer others arrive than may; 0 is no limit.

    :raises MigrationRefused: as many do already
    """
    if 0 < limit <= arriving:
        why = (
            f"{arriving} guests arrive there already and [DEFAULT] "
            f"max_concurrent_live_migrations is {limit}"
        )
        raise refused(journal, why)


def require_quiet(server: str, here: str, others: Iterable[str]) -> None:
    """See that a restart of libvirtd would cut no other migration of this host.

    :param others: names of servers that are being migrated
    :raises MigrationUndecided: there are some
    """
    named = ", ".join(others)
    if named:
        why = f"libvirtd on host {here} must be restarted for it"
        raise exceptions.MigrationUndecided(
            server=server,
            destination=here,
            why=f"{why}, which would cut the migration of {named}",
            advice=f"Server {server}: {why}, which would cut the migration of {named}: "
            "wait until that has ended",
        )


def worked_on(server: str, here: str) -> exceptions.MigrationUndecided:
    """Another process holds the guest here."""
    return exceptions.MigrationUndecided(
        server=server,
        destination=here,
        why=f"another process works on it on host {here}",
        advice="Wait until that has ended",
    )


def require_same(journal: MigrationJournal, document: str) -> None:
    """libvirt would take the document of any server and change that one's.

    :raises HypervisorError: it is no document, or another server's
    """
    try:
        found = fromstring(document).findtext("uuid", "").strip()
    except ValueError as error:
        raise _unfit(journal, str(error)) from error
    if found != journal.uuid:
        raise _unfit(journal, f"the document is that of {found or 'no server'}")


def _unfit(journal: MigrationJournal, why: str) -> exceptions.HypervisorError:
    return exceptions.HypervisorError(
        doing="keeping the definition of",
        server=f" server {journal.name}",
        why=why,
        code=None,
    )


def arriving(journals: Journals) -> tuple[str, ...]:
    """UUIDs of guests that arrive now; of those that died nobody waits."""
    return tuple(
        each.uuid
        for each in journals.all()
        if each.side is Side.DESTINATION and each.state not in ENDED
        if journals.busy(each.uuid)
    )
