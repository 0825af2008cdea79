# SPDX-License-Identifier: Apache-2.0
"""What can be said of a guest while one of its two hosts gives no answer.

Little is sure then: libvirt resumes the source when it loses the destination's answer
to the last phase, whether the guest goes on there or not. What Xen has paused stands
still all the same, and stays so until both can be asked.
"""

from nova_xen.model import MigrationState, RecoveryPlan, RecoveryStep, Side
from nova_xen.planning.migration import recovery_steps as steps
from nova_xen.planning.migration.recovery_texts import Texts
from nova_xen.planning.migration.remains import Knowledge, Remains


def plan_with_silent_destination(
    here: Remains, known: Knowledge, texts: Texts
) -> RecoveryPlan:
    """The source alone can be asked.

    Memory that nobody saw stand still cannot run elsewhere, so the guest lives at the
    source and only the remains at the destination wait for a later look.
    """
    if len(here.live) > 1:
        return _undecided(texts.several(here))
    if here.held:
        return _undecided(texts.held_alone(here.held[0]))
    if here.suspended:
        return _undecided(texts.suspended_alone())
    if known.known and not known.begun:
        return _not_begun(here, texts)
    if not here.live:
        return _undecided(texts.gone_alone())
    if not known.copying:
        return _undecided(texts.runs_alone(here.live[0]))
    made = steps.show(here) if here.running else ()
    return _failed(texts.stays_alone(paused=bool(here.paused)), *made)


def _not_begun(here: Remains, texts: Texts) -> RecoveryPlan:
    """Nothing can be at the destination but a journal, which it settles itself."""
    if here.running:
        told = texts.runs(Side.SOURCE)
    elif here.paused:
        told = texts.paused(Side.SOURCE)
    else:
        told = texts.off(Side.SOURCE if here.persistent else None)
    return _failed(told, *steps.forget(here))


def plan_with_silent_source(
    there: Remains | None, known: Knowledge, texts: Texts
) -> RecoveryPlan:
    """The destination alone can be asked, or neither."""
    if there is None:
        return _undecided(texts.both_silent())
    if known.known and not known.begun and not there.live:
        return _failed(texts.never_came(), *steps.forget(there))
    if there.running:
        # what runs goes on and may as well be kept; more is not sure
        made = steps.show(there) or steps.persist(there)
        return _undecided(texts.runs_there_alone(there.running[0]), *made)
    return _undecided(texts.source_silent(there.live))


def _undecided(sentence: str, *needed: RecoveryStep) -> RecoveryPlan:
    return RecoveryPlan(state=MigrationState.UNDECIDED, sentence=sentence, steps=needed)


def _failed(sentence: str, *needed: RecoveryStep) -> RecoveryPlan:
    return RecoveryPlan(state=MigrationState.FAILED, sentence=sentence, steps=needed)
