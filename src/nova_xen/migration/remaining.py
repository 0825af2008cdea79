# SPDX-License-Identifier: Apache-2.0
"""Whether a migration that is not settled keeps others from a server."""

from nova_xen.hypervisor import Guest
from nova_xen.migration.world import World
from nova_xen.model import MigrationJournal, MigrationState, Side

#: nothing was asked of libvirt yet
_NOT_BEGUN = (MigrationState.CHECKING, MigrationState.PREPARING)


def how_unsettled(world: World, guest: Guest) -> tuple[str, str] | None:
    """What the server is in, and what to do about it; None when it is free.

    It is free too where a dead process has left a journal and nothing more: the guest
    has a domain here that never stood still, so that it cannot run elsewhere.

    :raises ToolFailed: the journals cannot be read
    """
    journals = world.journals
    if not journals.has(guest.uuid):
        return None
    if journals.busy(guest.uuid):
        advice = "wait for its end, or use 'nova-xen migration abort' at its source"
        return "being migrated", advice
    journal = journals.load(guest.uuid)
    if journal is None or _is_free(world, journal):
        return None
    advice = f"run 'nova-xen migration recover {guest.name}' first"
    return "in a migration that was cut short", advice


def _is_free(world: World, journal: MigrationJournal) -> bool:
    if journal.side is not Side.SOURCE:
        return False
    if journal.state is not MigrationState.COPYING:
        return journal.state in _NOT_BEGUN
    view = world.local.view(journal.uuid, journal.name)
    alive = [each for each in view.xen if not (each.suspended or each.ended)]
    alone = len(view.xen) == len(alive) == 1
    return alone and not view.busy and view.held is None
