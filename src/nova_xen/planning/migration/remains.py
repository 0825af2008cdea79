# SPDX-License-Identifier: Apache-2.0
"""What is left of a guest on two hosts, sorted by what it means; nothing is decided.

Whether a domain runs is Xen's word alone: after a failed migration libvirt shows a
guest that runs as paused, and after a restart it does not see an arriving one (seen on
libvirt 9.0 with Xen 4.17).
"""

import dataclasses
import enum
from collections.abc import Iterable

from nova_xen.model import (
    GuestView,
    LibvirtView,
    MigrationJournal,
    MigrationState,
    Side,
    XenDomain,
)

_NO_UUID = ("", "00000000-0000-0000-0000-000000000000")
#: libvirt has the domain with its Xen id: its memory is there, whole
_ACTIVE = frozenset({LibvirtView.RUNNING, LibvirtView.PAUSED})


class Condition(enum.Enum):
    """What a Xen domain's memory is worth."""

    RUNNING = enum.auto()
    #: stands still at the end of a copy; may be let go on, or be the older of two
    SUSPENDED = enum.auto()
    #: was resumed by libvirt, and stands still since it was paused while suspended
    HELD = enum.auto()
    #: at the destination: it arrived or arrives, and has not run
    PAUSED = enum.auto()
    ENDED = enum.auto()
    DYING = enum.auto()


def condition(domain: XenDomain, *, held: bool = False) -> Condition:
    """A domain that was shut down is paused as well, so the last word counts.

    :param held: its migration has paused it
    """
    if domain.dying:
        return Condition.DYING
    if domain.ended:
        return Condition.ENDED
    if domain.suspended:
        return Condition.SUSPENDED
    if domain.paused:
        return Condition.HELD if held else Condition.PAUSED
    return Condition.RUNNING


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remains:
    """What one host has of the guest, by condition."""

    side: Side
    libvirt: LibvirtView
    persistent: bool
    running: tuple[XenDomain, ...]
    suspended: tuple[XenDomain, ...]
    held: tuple[XenDomain, ...]
    paused: tuple[XenDomain, ...]
    ended: tuple[XenDomain, ...]
    dying: tuple[XenDomain, ...]
    journal: MigrationJournal | None
    #: whether a domain that was held is gone
    lost_held: bool = False
    #: whether the host booted after its journal was written; None when nobody can tell
    rebooted: bool | None = None

    @property
    def live(self) -> tuple[XenDomain, ...]:
        """Every domain whose memory may be worth something."""
        return (*self.running, *self.still, *self.paused)

    @property
    def still(self) -> tuple[XenDomain, ...]:
        """What stands still since the end of a copy."""
        return (*self.suspended, *self.held)

    @property
    def seen(self) -> bool:
        """Whether libvirt has it by its Xen id; else its memory may be half there."""
        return self.libvirt in _ACTIVE

    @property
    def incoming(self) -> bool:
        """Whether libvirt has a record without a domain, which nothing but its
        restart clears."""
        return self.libvirt is LibvirtView.INCOMING

    @property
    def contradicted(self) -> bool:
        """Whether libvirt has a domain that Xen does not have."""
        return self.seen and not (self.live or self.ended or self.dying)


def remains(view: GuestView, own: MigrationJournal | None) -> Remains:
    """Sort the domains of this guest; what is of another guest, or of another
    migration, is not looked at.
    """
    sorted_: dict[Condition, list[XenDomain]] = {each: [] for each in Condition}
    for domain in view.xen:
        if own is None or domain.uuid in (own.uuid, *_NO_UUID):
            held = domain.domid == view.held
            sorted_[condition(domain, held=held)].append(domain)
    return Remains(
        side=view.side,
        libvirt=view.libvirt,
        persistent=view.persistent,
        running=tuple(sorted_[Condition.RUNNING]),
        suspended=tuple(sorted_[Condition.SUSPENDED]),
        held=tuple(sorted_[Condition.HELD]),
        paused=tuple(sorted_[Condition.PAUSED]),
        ended=tuple(sorted_[Condition.ENDED]),
        dying=tuple(sorted_[Condition.DYING]),
        journal=view.journal if _is_of(view.journal, own) else None,
        lost_held=view.held is not None
        and all(each.domid != view.held for each in view.xen),
        rebooted=_rebooted(view, own),
    )


def _rebooted(view: GuestView, own: MigrationJournal | None) -> bool | None:
    """What of this migration was in the host's memory is gone then."""
    journal = view.journal
    if journal is None or not view.boot_id or not _is_of(journal, own):
        return None
    return journal.boot_id != view.boot_id


def _is_of(journal: MigrationJournal | None, own: MigrationJournal | None) -> bool:
    return journal is not None and own is not None and journal.id == own.id


#: how far a migration has come; of two journals the further one is right, since the
#: other host may not have heard of the last step
_ORDER = (
    MigrationState.CHECKING,
    MigrationState.PREPARING,
    MigrationState.COPYING,
    MigrationState.ABORTING,
    MigrationState.STOPPED,
    MigrationState.FAILED,
    MigrationState.ABORTED,
    MigrationState.UNDECIDED,
    MigrationState.FINISHING,
    MigrationState.DONE,
)
_NOT_BEGUN = frozenset({MigrationState.CHECKING, MigrationState.PREPARING})
_ARRIVED = frozenset(
    {MigrationState.FINISHING, MigrationState.DONE, MigrationState.UNDECIDED}
)


@dataclasses.dataclass(frozen=True)
class Knowledge:
    """What the journals prove; without any, nothing.

    ``begun``: libvirt may have been asked to migrate; ``copying``: and as far as
    anybody saw the guest never stood still; ``arrived``: it may have run at the
    destination.
    """

    begun: bool = False
    copying: bool = False
    arrived: bool = True
    known: bool = False


def knowledge(journals: Iterable[MigrationJournal | None]) -> Knowledge:
    """What the journals of one migration, of either host, say together."""
    states = [journal.state for journal in journals if journal is not None]
    if not states:
        return Knowledge()
    state = max(states, key=_ORDER.index)
    return Knowledge(
        begun=state not in _NOT_BEGUN,
        copying=state is MigrationState.COPYING,
        arrived=state in _ARRIVED,
        known=True,
    )
