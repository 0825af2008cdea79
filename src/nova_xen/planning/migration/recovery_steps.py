# SPDX-License-Identifier: Apache-2.0
"""The steps of a recovery, each with the reason that a person reads."""

from nova_xen.model import (
    LibvirtView,
    MigrationKind,
    RecoveryAction,
    RecoveryStep,
    Side,
    XenDomain,
)
from nova_xen.planning.migration.remains import Remains


def _destroy(side: Side, domain: XenDomain, why: str) -> RecoveryStep:
    return RecoveryStep(
        side=side, action=RecoveryAction.DESTROY, domid=domain.domid, why=why
    )


def restart(side: Side, why: str) -> RecoveryStep:
    """Restart libvirtd; guests run on."""
    return RecoveryStep(side=side, action=RecoveryAction.RESTART_LIBVIRTD, why=why)


def let_go(here: Remains, kind: MigrationKind) -> tuple[RecoveryStep, ...]:
    """Let what stands still go on, of which the memory is the newest there is."""
    what = "last pass" if kind is MigrationKind.LIVE else "whole copy"
    why = f"it was suspended for the {what} and runs nowhere else"
    return tuple(
        RecoveryStep(
            side=here.side, action=RecoveryAction.RESUME, domid=each.domid, why=why
        )
        for each in here.still
    )


def unpause(side: Side, domain: XenDomain) -> RecoveryStep:
    """Let a domain go on whose memory came over whole."""
    return RecoveryStep(
        side=side,
        action=RecoveryAction.UNPAUSE,
        domid=domain.domid,
        why="its memory came over whole and the source has no domain any more",
    )


def start(side: Side, why: str) -> RecoveryStep:
    """Start the server from its disks, by the definition that this host has."""
    return RecoveryStep(side=side, action=RecoveryAction.START, why=why)


def show(host: Remains) -> tuple[RecoveryStep, ...]:
    """Have libvirt see a domain that runs, which it shows paused, off or not at all."""
    if host.libvirt is LibvirtView.RUNNING:
        return ()
    why = f"a domain runs that libvirt has as {host.libvirt}"
    return (restart(host.side, why),)


def end_paused(host: Remains, why: str) -> tuple[RecoveryStep, ...]:
    """End the domains that have never run."""
    return tuple(_destroy(host.side, each, why) for each in host.paused)


def end_shut_down(host: Remains) -> tuple[RecoveryStep, ...]:
    """End the domains that have shut down and were not cleared away."""
    return tuple(_destroy(host.side, each, "it has shut down") for each in host.ended)


def end_stale(host: Remains, why: str) -> tuple[RecoveryStep, ...]:
    """End what stands still, with memory that may be older than the disks."""
    old = (*host.still, *host.paused)
    return tuple(_destroy(host.side, each, why) for each in old)


def clear_record(host: Remains) -> tuple[RecoveryStep, ...]:
    """Clear a record without a domain, on which a dead migration holds the lock."""
    if not host.incoming:
        return ()
    return (restart(host.side, "it has a record of an arriving guest and no job"),)


def persist(there: Remains) -> tuple[RecoveryStep, ...]:
    """Keep the definition of a guest that has arrived."""
    if there.persistent:
        return ()
    why = "the definition is to be there after a restart of this host too"
    return (RecoveryStep(side=there.side, action=RecoveryAction.PERSIST, why=why),)


def define(here: Remains) -> tuple[RecoveryStep, ...]:
    """Define a server again of which both hosts have lost the definition."""
    if here.persistent or here.journal is None or not here.journal.definition:
        return ()
    why = "neither host has its definition any more, which the journal has"
    return (RecoveryStep(side=here.side, action=RecoveryAction.DEFINE, why=why),)


def undefine(host: Remains, why: str) -> tuple[RecoveryStep, ...]:
    """Forget a definition, so that nobody starts a second copy by it."""
    if not host.persistent:
        return ()
    return (RecoveryStep(side=host.side, action=RecoveryAction.UNDEFINE, why=why),)


def clear_source(here: Remains) -> tuple[RecoveryStep, ...]:
    """Remove what the source has of a guest that lives at the destination."""
    why = "the server lives at the destination"
    old = (*here.still, *here.paused, *here.ended)
    return (
        *(_destroy(here.side, each, why) for each in old),
        *clear_record(here),
        *undefine(here, why),
    )


def forget(*hosts: Remains) -> tuple[RecoveryStep, ...]:
    """Remove the journals, the source's last: it is the one that is looked at."""
    return tuple(
        RecoveryStep(side=host.side, action=RecoveryAction.FORGET, why="it is settled")
        for host in reversed(hosts)
        if host.journal is not None
    )
