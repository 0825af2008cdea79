# SPDX-License-Identifier: Apache-2.0
"""The sentences of a recovery: where the server is, or the one thing to decide.

Those of what must be decided have no full stop: they go on with "then run …".
"""

import dataclasses
from collections.abc import Sequence
from typing import Self

from nova_xen.model import (
    MigrationJournal,
    MigrationKind,
    RecoveryPlan,
    Side,
    XenDomain,
)
from nova_xen.planning.migration.remains import Remains

_HERE = "this host"


@dataclasses.dataclass(frozen=True)
class Texts:
    """Sentences about one server and its two hosts."""

    server: str
    source: str
    destination: str
    kind: MigrationKind = MigrationKind.LIVE
    #: the command that tells that the other host is lost
    way: str = "nova-xen migration recover --lost-host HOST"

    @classmethod
    def of(cls, journal: MigrationJournal | None) -> Self:
        """By the names that the journal has; it is kept on one of the two hosts."""
        if journal is None:
            return cls("The server", "the source", "the destination")
        server, peer = f"Server {journal.name}", f"host {journal.peer}"
        hosts = (_HERE, peer)
        if journal.side is Side.DESTINATION:
            hosts = (peer, _HERE)
        way = f"nova-xen migration recover {journal.name} --lost-host {journal.peer}"
        return cls(server, *hosts, journal.kind, way)

    def _host(self, side: Side) -> str:
        return self.source if side is Side.SOURCE else self.destination

    def runs(self, side: Side) -> str:
        """Where it runs."""
        return f"{self.server} runs on {self._host(side)}."

    def paused(self, side: Side) -> str:
        """It lives and somebody paused it."""
        return f"{self.server} is on {self._host(side)} and is paused."

    def off(self, side: Side | None) -> str:
        """It runs nowhere, for it ended or its host lost power."""
        if side is None:
            return (
                f"{self.server} runs neither on {self.source} nor on "
                f"{self.destination} and neither has its definition: it has ended."
            )
        return (
            f"{self.server} is off, on {self._host(side)}: it ended, or its host lost "
            f"its memory; 'nova-xen server start' starts it there."
        )

    def stays_alone(self, *, paused: bool) -> str:
        """At the source, for the other host cannot have it."""
        how = "is paused" if paused else "runs"
        return (
            f"{self.server} {how} on {self.source}, which it never left; what is left "
            f"of its migration on {self.destination}, which gives no answer, can be "
            "removed with 'nova-xen migration recover' once it does."
        )

    def never_came(self) -> str:
        """Nothing came over."""
        return (
            f"{self.server} never left {self.source}, which gives no answer; nothing "
            f"of it is on {self.destination}."
        )

    def busy(self) -> str:
        """Somebody still works on it."""
        return (
            f"{self.server} is still being migrated: wait until that has ended, or "
            "end it with 'nova-xen migration abort'"
        )

    def contradicted(self, side: Side) -> str:
        """libvirt and Xen disagree."""
        where = self._host(side)
        return (
            f"libvirt on {where} has a domain of {self._name} that Xen does not have: "
            f"restart libvirtd on {where}"
        )

    def both_run(self, here: XenDomain, there: XenDomain) -> str:
        """Two copies write to the same disks."""
        return (
            f"{self.server} runs on both hosts and both write to its disks: end one "
            f"at once, with 'xl destroy {here.domid}' on {self.source} or 'xl destroy "
            f"{there.domid}' on {self.destination}, and check its file systems"
        )

    def several(self, host: Remains) -> str:
        """More domains of one server on a host than can be told apart."""
        where = self._host(host.side)
        ids = ", ".join(str(each.domid) for each in host.live)
        return (
            f"{self.server} has domains on {where} that nova-xen cannot tell apart "
            f"({ids}): keep one and end each other with 'xl destroy' on {where}"
        )

    def moved_on(self, there: XenDomain) -> str:
        """The destination's domain was suspended, by a migration from there."""
        return (
            f"{self.server} stands still on {self.destination} (domain {there.domid}) "
            "as if it had moved on from there: look where it runs, and end this domain "
            f"with 'xl destroy {there.domid}' if it does"
        )

    def may_have_run(self, here: XenDomain, there: XenDomain) -> str:
        """A paused domain that ran before it was paused."""
        return (
            f"{self.server} has arrived on {self.destination} and is paused there, "
            f"while its old memory is on {self.source} too: end the older one with "
            f"'xl destroy {here.domid}' on {self.source}, or the other with 'xl "
            f"destroy {there.domid}' on {self.destination}"
        )

    def not_ours(self, here: XenDomain, there: XenDomain) -> str:
        """It runs where this migration has not brought it."""
        return (
            f"{self.server} runs on {self.destination}, where this migration has not "
            f"brought it, while a domain is left on {self.source}: end the wrong one, "
            f"with 'xl destroy {here.domid}' on {self.source} or 'xl destroy "
            f"{there.domid}' on {self.destination}"
        )

    def stale(self, here: XenDomain) -> str:
        """Memory older than the disks."""
        return (
            f"{self.server} has run on {self.destination} since its memory on "
            f"{self.source} was suspended, so that going on with it would damage the "
            f"disks: end it with 'xl destroy {here.domid}' on {self.source}"
        )

    def suspended_by_others(self, here: XenDomain) -> str:
        """No migration of ours suspended it."""
        return (
            f"{self.server} stands still on {self.source} (domain {here.domid}) and "
            "this migration has not begun to copy it: wait for the program that saves "
            f"it, or end the domain with 'xl destroy {here.domid}' on {self.source}"
        )

    def paused_by_others(self, there: XenDomain) -> str:
        """No migration of ours brought it there."""
        return (
            f"{self.server} is paused on {self.destination} (domain {there.domid}), "
            f"where this migration has not brought it, and is not on {self.source}: "
            f"let it go on with 'virsh resume' on {self.destination}, or end it there"
        )

    def half(self, there: XenDomain) -> str:
        """The rest of its memory is lost, or nobody knows."""
        return (
            f"{self.server} runs nowhere: {self.source} has lost its memory and "
            f"{self.destination} has a copy that never became whole: end that with 'xl "
            f"destroy {there.domid}' on {self.destination}"
        )

    def suspended_alone(self) -> str:
        """Going on could make it run twice."""
        way = self._bring_back(self.destination)
        return (
            f"{self.server} stands still on {self.source} and may run on "
            f"{self.destination}, which gives no answer: {way}"
        )

    def held_alone(self, here: XenDomain) -> str:
        """Going on could make it run twice, and libvirt believes that it does."""
        way = self._bring_back(self.destination)
        return (
            f"{self.server} stands still on {self.source}, where Xen has its domain "
            f"{here.domid} paused whatever libvirt shows, and may run on "
            f"{self.destination}, which gives no answer: {way}"
        )

    def runs_alone(self, here: XenDomain) -> str:
        """It went on, and the other may have gone on too."""
        way = self._bring_back(self.destination)
        return (
            f"{self.server} is on {self.source} and may run on {self.destination} too, "
            f"which gives no answer: {way}; if the server runs there, "
            f"end this one with 'xl destroy {here.domid}' on {self.source}"
        )

    def gone_alone(self) -> str:
        """It left, or ended."""
        way = self._bring_back(self.destination)
        return (
            f"{self.server} is not on {self.source} any more and may run on "
            f"{self.destination}, which gives no answer: {way}; do not "
            f"start the server on {self.source} before"
        )

    def both_silent(self) -> str:
        """Nobody can be asked."""
        return (
            f"Neither {self.source} nor {self.destination} can tell where "
            f"{self._name} is: bring one of them back (on this host see whether "
            "libvirtd runs)"
        )

    def runs_there_alone(self, there: XenDomain) -> str:
        """It arrived; the source may have been resumed."""
        way = self._bring_back(self.source)
        return (
            f"{self.server} runs on {self.destination} and {self.source} gives no "
            f"answer: {way}; if the server runs there too, end this one "
            f"with 'xl destroy {there.domid}' on {self.destination}"
        )

    def source_silent(self, live: Sequence[XenDomain]) -> str:
        """It may live at the source."""
        ids = ", ".join(str(each.domid) for each in live)
        what = (
            f"has domain {ids} of it, which has not run" if live else "has none of it"
        )
        way = self._bring_back(self.source)
        return (
            f"{self.server} may run on {self.source}, which gives no answer, and "
            f"{self.destination} {what}: {way}; do not start the server "
            f"on {self.destination} before"
        )

    def lost_with(self, side: Side) -> str:
        """The lost host has its definition, and this one has nothing of it."""
        return (
            f"{self.server} is off, and {self._host(side)}, which is lost, is the one "
            "that has its definition; 'nova-xen server start' starts it there once "
            "that host is back."
        )

    def undefined(self, side: Side, domain: XenDomain) -> str:
        """To end it would lose the definition."""
        where = self._host(side)
        return (
            f"{self.server} stands still on {where} (domain {domain.domid}), where "
            "libvirt has neither the domain nor a definition any more: define it again "
            f"there ('virsh define')"
        )

    def maybe_older(self, there: XenDomain) -> str:
        """The source's domain ended by itself, after it went on or not."""
        return (
            f"{self.server} is off on {self.source}, which was not rebooted, and "
            f"{self.destination} has a copy that never ran and may be older than the "
            f"disks: end it with 'xl destroy {there.domid}' on {self.destination}, or "
            "let it go on with 'virsh resume' there if you are sure that the server "
            f"has not run on {self.source} since"
        )

    def _bring_back(self, silent: str) -> str:
        """The ways out while a host is silent; nobody runs this on one that is off."""
        if silent == _HERE:
            return f"see that libvirtd runs on {_HERE}"
        return (
            "bring that host back, or, once it is surely off and stays so, run "
            f"'{self.way}'"
        )

    @property
    def _name(self) -> str:
        return self.server[0].lower() + self.server[1:]


def started_anew(
    plan: RecoveryPlan, journal: MigrationJournal, side: Side | None
) -> RecoveryPlan:
    """The plan that says too that the server was started from its disks.

    :param side: where that was done to settle it; None for nowhere
    """
    if side is None or plan.sentence != Texts.of(journal).runs(side):
        return plan
    told = f"{plan.sentence.rstrip('.')}, started from its disks: its memory is lost."
    return dataclasses.replace(plan, sentence=told)
