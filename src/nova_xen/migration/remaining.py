# SPDX-License-Identifier: Apache-2.0
"""Whether a migration that is not settled keeps others from a server."""

from nova_xen.hypervisor import Guest
from nova_xen.migration.world import World
from nova_xen.model import MigrationJournal
from nova_xen.planning.migration.hindrance import (
    Hindrance,
    hindrance,
    never_stood_still,
)


def how_unsettled(
    world: World, guest: Guest, *, lasting: bool = False
) -> tuple[str, str] | None:
    """What the server is in, and what to do about it; None when it is free.

    :param lasting: what is to be done outlives its domain, so that whoever settles an
        earlier migration later could not tell it from what that has left
    :raises ToolFailed: the journals cannot be read
    """
    journals = world.journals
    if not journals.has(guest.uuid):
        return None
    if journals.busy(guest.uuid):
        advice = "wait for its end, or use 'nova-xen migration abort' at its source"
        return "being migrated", advice
    journal = journals.load(guest.uuid)
    if journal is None or (not lasting and _is_free(world, journal)):
        return None
    advice = f"run 'nova-xen migration recover {guest.name}' first"
    return "in a migration that was cut short", advice


def _is_free(world: World, journal: MigrationJournal) -> bool:
    said = hindrance(journal)
    if said is not Hindrance.PERHAPS:
        return said is Hindrance.NONE
    return never_stood_still(world.local.view(journal.uuid, journal.name))
