# SPDX-License-Identifier: Apache-2.0
"""What the destination refuses, in its words: before anything began, and on the way."""

import socket

from nova_xen import exceptions
from nova_xen.domain.tree import fromstring
from nova_xen.model import MigrationJournal


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
