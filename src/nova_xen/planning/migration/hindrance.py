# SPDX-License-Identifier: Apache-2.0
"""Whether a migration that is not settled keeps others from a server.

It does where the server may run elsewhere. It does not where a dead process has left a
journal and nothing more: a destination may be away for days.
"""

import enum

from nova_xen.model import GuestView, MigrationJournal, MigrationState, Side


class Hindrance(enum.Enum):
    """What a journal alone says of it."""

    NONE = enum.auto()
    #: what this host has of the guest decides, see :func:`never_stood_still`
    PERHAPS = enum.auto()
    SURE = enum.auto()


def hindrance(journal: MigrationJournal) -> Hindrance:
    """What the journal of a process that has died says."""
    if journal.side is not Side.SOURCE:
        return Hindrance.SURE
    match journal.state:
        case MigrationState.CHECKING | MigrationState.PREPARING:
            return Hindrance.NONE  # nothing was asked of libvirt yet
        case MigrationState.COPYING:
            return Hindrance.PERHAPS
        case _:
            return Hindrance.SURE


def never_stood_still(view: GuestView) -> bool:
    """Whether the guest has its one domain here, which no copy has stopped.

    It cannot run elsewhere then. A view that is busy says nothing.
    """
    alive = [each for each in view.xen if not (each.suspended or each.ended)]
    alone = len(view.xen) == len(alive) == 1
    return alone and not view.busy and view.held is None
