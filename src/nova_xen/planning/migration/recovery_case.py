# SPDX-License-Identifier: Apache-2.0
"""What the rules of recovery look at, and the plans that they make of it."""

import dataclasses
from collections.abc import Callable, Sequence

from nova_xen.model import MigrationState, RecoveryPlan, RecoveryStep
from nova_xen.planning.migration import recovery_steps as steps
from nova_xen.planning.migration.recovery_texts import Texts
from nova_xen.planning.migration.remains import Knowledge, Remains


@dataclasses.dataclass(frozen=True)
class Case:
    """What the source (here) and the destination (there) have, and what is known."""

    here: Remains
    there: Remains
    known: Knowledge
    texts: Texts

    def settled(
        self, state: MigrationState, sentence: str, made: Sequence[RecoveryStep]
    ) -> RecoveryPlan:
        """What is left to do, and at last the journals."""
        needed = tuple(made) or steps.forget(self.here, self.there)
        return RecoveryPlan(state=state, sentence=sentence, steps=needed)


#: the plan for what it is about, else None
Rule = Callable[[Case], RecoveryPlan | None]


def undecided(sentence: str, *needed: RecoveryStep) -> RecoveryPlan:
    """A person must decide; what is sure is done before."""
    return RecoveryPlan(state=MigrationState.UNDECIDED, sentence=sentence, steps=needed)
