# SPDX-License-Identifier: Apache-2.0
"""Who may begin a migration: one process for each guest, so many for each host."""

import contextlib
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.domain import Domain, parse_domain
from nova_xen.hypervisor import Guest
from nova_xen.images import hold_server
from nova_xen.migration.world import World
from nova_xen.model import MigrationRequest, Side
from nova_xen.operations.saved import forget_beside
from nova_xen.planning.migration.checks_guest import NOT_RUNNING


@contextlib.contextmanager
def alone(world: World, guest: Guest, request: MigrationRequest) -> Iterator[None]:
    """Hold the lock that tells others that a process works on this guest.

    :raises MigrationRefused: another does, or an earlier migration is not settled
    """
    hold = world.journals.hold(guest.uuid)
    if hold is None:
        raise refused(guest, request, "another process migrates it already")
    with hold:
        _refuse_remains(world, guest, request)
        yield


def _refuse_remains(world: World, guest: Guest, request: MigrationRequest) -> None:
    """An earlier migration that nobody settled would be settled wrongly after this."""
    if any(journal.uuid == guest.uuid for journal in world.journals.all()):
        advice = f"run 'nova-xen migration recover {guest.name}' first"
        why = f"an earlier migration was cut short and is not settled; {advice}"
        raise refused(guest, request, why)


def refuse_off(guest: Guest, request: MigrationRequest) -> int:
    """The id of the guest's domain, before the other host is asked about anything.

    :raises MigrationRefused: it is off
    """
    domid = guest.domid()
    if domid is None:
        raise refused(guest, request, NOT_RUNNING)
    return domid


def require_unchanged(
    guest: Guest, request: MigrationRequest, checked: Domain, document: str
) -> None:
    """See that what is sent has the devices that both hosts were asked about.

    :param document: what is sent, read after the checks
    :raises MigrationRefused: one was plugged in or taken out meanwhile
    """
    now = parse_domain(document).devices
    before = checked.devices
    if (now.disks, now.interfaces) != (before.disks, before.interfaces):
        raise refused(guest, request, "its devices were changed meanwhile; try again")


def require_same_domain(guest: Guest, request: MigrationRequest, domid: int) -> None:
    """See that it has the domain still that everything is prepared for.

    :raises MigrationRefused: it went off or was rebooted
    """
    now = guest.domid()
    if now != domid:
        how = "went off" if now is None else "was rebooted"
        raise refused(guest, request, f"it {how} meanwhile")


def require_idle(world: World, guest: Guest, request: MigrationRequest) -> None:
    """See that nobody starts, saves or reboots it, and clear what such a thing left.

    Old memory on disk would be restored at a later start here.

    :raises MigrationRefused: somebody does
    :raises NovaXenError: what was left cannot be removed
    """
    why = ""
    with hold_server(world.host.options.instances_path, guest.uuid) as free:
        if not free:
            why = "another command works on it: wait for its end"
        elif guest.has_job():
            why = "libvirt is at work on it: wait for its end"
        else:
            forget_beside(guest)
    if why:
        raise refused(guest, request, why)


def refuse_many(world: World, guest: Guest, request: MigrationRequest) -> None:
    """See that fewer run here than max_concurrent_live_migrations; 0 is no limit.

    :raises MigrationRefused: as many as may be run already
    """
    limit = world.options.max_concurrent
    running = [
        journal
        for journal in world.journals.all()
        if journal.side is Side.SOURCE and world.journals.busy(journal.uuid)
    ]
    if limit and len(running) >= limit:
        why = (
            f"{len(running)} migrations run here already and "
            f"max_concurrent_live_migrations is {limit}"
        )
        raise refused(guest, request, why)


def refused(
    guest: Guest, request: MigrationRequest, why: str
) -> exceptions.MigrationRefused:
    """The error of a migration that does not begin."""
    return exceptions.MigrationRefused(
        server=guest.name, destination=request.destination, why=why
    )
