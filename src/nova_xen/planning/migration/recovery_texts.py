# SPDX-License-Identifier: Apache-2.0
"""The sentences of a recovery: where the server is, or the one thing to decide.

Those of what must be decided have no full stop: they go on with "then run …".
"""

import dataclasses
from collections.abc import Sequence
from typing import Self

from nova_xen.model import MigrationJournal, Side, XenDomain
from nova_xen.planning.migration.remains import Remains


@dataclasses.dataclass(frozen=True)
class Texts:
    """Sentences about one server and its two hosts."""

    server: str
    source: str
    destination: str

    @classmethod
    def of(cls, journal: MigrationJournal | None) -> Self:
        """By the names that the journal has; it is kept on one of the two hosts."""
        if journal is None:
            return cls("The server", "the source", "the destination")
        server = f"Server {journal.name}"
        match journal.side:
            case Side.SOURCE:
                return cls(server, "this host", f"host {journal.peer}")
            case Side.DESTINATION:
                return cls(server, f"host {journal.peer}", "this host")

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
            f"disks: end it with 'xl destroy {here.domid}' on {self.source} and start "
            f"the server where its definition is"
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

    def suspended_alone(self, here: XenDomain) -> str:
        """Going on could make it run twice."""
        return (
            f"{self.server} stands still on {self.source} and may run on "
            f"{self.destination}, which gives no answer: bring that host back; or, "
            "once it is surely off, end what is left here with 'xl destroy "
            f"{here.domid}' on {self.source} and start the server there"
        )

    def runs_alone(self, here: XenDomain) -> str:
        """It went on, and the other may have gone on too."""
        return (
            f"{self.server} is on {self.source} and may run on {self.destination} too, "
            "which gives no answer: bring that host back or make sure that it is off; "
            f"if the server runs there, end this one with 'xl destroy {here.domid}' on "
            f"{self.source}"
        )

    def gone_alone(self) -> str:
        """It left, or ended."""
        return (
            f"{self.server} is not on {self.source} any more and may run on "
            f"{self.destination}, which gives no answer: bring that host back, and "
            f"do not start the server on {self.source} unless that host is surely off"
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
        return (
            f"{self.server} runs on {self.destination} and {self.source} gives no "
            "answer: bring that host back or make sure that it is off; if the server "
            f"runs there too, end this one with 'xl destroy {there.domid}' on "
            f"{self.destination}"
        )

    def source_silent(self, live: Sequence[XenDomain]) -> str:
        """It may live at the source."""
        ids = ", ".join(str(each.domid) for each in live)
        what = (
            f"has domain {ids} of it, which has not run" if live else "has none of it"
        )
        return (
            f"{self.server} may run on {self.source}, which gives no answer, and "
            f"{self.destination} {what}: bring that host back, and do not start the "
            f"server on {self.destination} unless that host is surely off"
        )

    @property
    def _name(self) -> str:
        return self.server[0].lower() + self.server[1:]
