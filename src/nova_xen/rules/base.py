# SPDX-License-Identifier: Apache-2.0
"""What a rule is: an identifier, a check, and the sentence a person reads."""

import dataclasses
from collections.abc import Callable, Iterator

from nova_xen.domain import Domain, OsType
from nova_xen.model import GuestMode


@dataclasses.dataclass(frozen=True)
class Finding:
    """A rule that a document breaks."""

    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.sentence}"


Check = Callable[[Domain], Iterator[str]]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A check that gives a sentence for each breach it finds."""

    id: str
    check: Check

    def findings(self, domain: Domain) -> Iterator[Finding]:
        """Every breach of this rule in ``domain``."""
        for sentence in self.check(domain):
            yield Finding(self.id, sentence)


RULES: list[Rule] = []


def rule(rule_id: str) -> Callable[[Check], Check]:
    """Decorator: the function is the rule ``rule_id``.

    :raises ValueError: the identifier is taken
    """

    def register(check: Check) -> Check:
        if any(known.id == rule_id for known in RULES):
            raise ValueError(f"{rule_id} is taken")
        RULES.append(Rule(rule_id, check))
        return check

    return register


def mode_of(domain: Domain) -> GuestMode:
    """The mode that a document's os type means; PV is read back as linux."""
    match domain.os.type:
        case OsType.HVM:
            return GuestMode.HVM
        case OsType.XENPVH:
            return GuestMode.PVH
        case OsType.XEN | OsType.LINUX:
            return GuestMode.PV
