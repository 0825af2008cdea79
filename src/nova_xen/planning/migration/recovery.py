# SPDX-License-Identifier: Apache-2.0
"""What puts the remains of a migration right, from what both hosts have of the guest.

Never two running, and never the only live memory ended: a domain is ended only when
another one runs, or when its memory cannot be whole. What is not sure is left as it is
and told. The steps are for what is seen now; whoever carries them out looks again and
asks again, until none is left but FORGET.

Three facts carry it (libvirt 9.0, Xen 4.17): a domain that arrives is paused until
libvirt's last phase, so that one which is still paused has never run; libvirt shows an
arriving domain by its Xen id only once its whole memory is there; and the source's
domain is ended by the success of that last phase alone.
"""

import dataclasses
from collections.abc import Callable, Sequence

from nova_xen.model import (
    GuestView,
    MigrationJournal,
    MigrationState,
    RecoveryPlan,
    RecoveryStep,
    Side,
)
from nova_xen.planning.migration import recovery_steps as steps
from nova_xen.planning.migration.recovery_texts import Texts
from nova_xen.planning.migration.remains import (
    Knowledge,
    Remains,
    knowledge,
    remains,
)
from nova_xen.planning.migration.silence import (
    plan_with_silent_destination,
    plan_with_silent_source,
)


def plan_recovery(
    journal: MigrationJournal | None,
    source: GuestView | None,
    destination: GuestView | None,
) -> RecoveryPlan:
    """Decide from what both hosts have; nothing is done.

    A host that cannot be asked is None. A host of which a person is sure that it is
    off is a view that has nothing, not None. ``busy`` of a view must also be true
    while the source's libvirt has a job on the guest: libvirt goes on migrating when
    the process that asked for it is dead.

    The sentence of an UNDECIDED plan is an advice without a full stop, to which "then
    run 'nova-xen migration recover …'" may be added; others are whole sentences.
    FORGET comes alone, once a look has shown that nothing else is left to do; a plan
    without any step leaves the journals for a later look.
    """
    journals = [journal, *_journals_of(journal, source, destination)]
    known = knowledge(journals)
    own = next((each for each in journals if each is not None), None)
    texts = Texts.of(own)
    if any(view is not None and view.busy for view in (source, destination)):
        return _undecided(texts.busy())
    here = None if source is None else remains(source, own)
    there = None if destination is None else remains(destination, own)
    if here is None:
        return plan_with_silent_source(there, known, texts)
    if there is None:
        return plan_with_silent_destination(here, known, texts)
    case = _Case(here, there, known, texts)
    for rule in _RULES:
        plan = rule(case)
        if plan is not None:
            return plan
    return _nowhere(case)


def _journals_of(
    journal: MigrationJournal | None, *views: GuestView | None
) -> list[MigrationJournal | None]:
    """Those of the same migration: another one's tell nothing of this."""
    found = [view.journal for view in views if view is not None]
    if journal is None:
        return found
    return [each for each in found if each is not None and each.id == journal.id]


def _undecided(sentence: str, *needed: RecoveryStep) -> RecoveryPlan:
    return RecoveryPlan(state=MigrationState.UNDECIDED, sentence=sentence, steps=needed)


@dataclasses.dataclass(frozen=True)
class _Case:
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


def _contradicted(case: _Case) -> RecoveryPlan | None:
    """libvirt shows a domain that Xen does not have: its restart looks again."""
    here, there, texts = case.here, case.there, case.texts
    wrong = [each for each in (here, there) if each.contradicted]
    if not wrong:
        return None
    return _undecided(
        texts.contradicted(wrong[0].side),
        *(steps.restart(each.side, "it shows a domain that is gone") for each in wrong),
    )


def _both(case: _Case) -> RecoveryPlan | None:
    """Memory on both hosts, or twice on one, that may have run since the copy."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    running = len(here.running) + len(there.running)
    if here.running and there.running:
        return _undecided(texts.both_run(here.running[0], there.running[0]))
    if running > 1 or len(here.live) > 1:
        return _undecided(texts.several(here if len(here.live) > 1 else there))
    if there.suspended:
        return _undecided(texts.moved_on(there.suspended[0]))
    if here.live and there.paused and there.seen and known.arrived:
        return _undecided(texts.may_have_run(here.live[0], there.paused[0]))
    if there.running and here.live and not known.begun:
        return _undecided(texts.not_ours(here.live[0], there.running[0]))
    return None


def _runs_there(case: _Case) -> RecoveryPlan | None:
    """It arrived: what the source has is older and goes."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not there.running:
        return None
    made = [*steps.show(there), *steps.end_paused(there, "a copy that never ran")]
    if not made and known.begun:
        made = [*steps.persist(there), *steps.clear_source(here)]
    return case.settled(MigrationState.DONE, texts.runs(Side.DESTINATION), made)


def _lives_here(case: _Case) -> RecoveryPlan | None:
    """It never left, or was let go on: what came over goes."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not here.running and not here.paused:
        return None
    made = [
        *_clear_destination(there, known),
        *(steps.show(here) if here.running else ()),
    ]
    told = texts.runs(Side.SOURCE) if here.running else texts.paused(Side.SOURCE)
    return case.settled(MigrationState.FAILED, told, made)


def _clear_destination(there: Remains, known: Knowledge) -> list[RecoveryStep]:
    """Before libvirt was asked, what it shows there is another's."""
    made: list[RecoveryStep] = []
    if known.begun or not there.seen:
        made += steps.end_paused(there, "it never ran, and the server is at the source")
    if known.begun:
        made += steps.end_shut_down(there)
    made += steps.clear_record(there)
    if known.begun:
        made += steps.undefine(there, "the server lives at the source")
    return made


def _stands_still_here(case: _Case) -> RecoveryPlan | None:
    """Suspended for the last pass, and it has not run elsewhere since."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not here.suspended:
        return None
    [domain] = here.suspended
    if known.arrived or there.persistent or there.ended:
        # PERSIST_DEST and an end come after it has run there
        return _undecided(texts.stale(domain))
    if not known.begun:
        return _undecided(texts.suspended_by_others(domain))
    made = [
        *steps.end_paused(there, "it never ran, and the source's memory is whole"),
        *steps.clear_record(there),
        steps.resume(here.side, domain),
    ]
    return case.settled(MigrationState.FAILED, texts.runs(Side.SOURCE), made)


def _paused_there(case: _Case) -> RecoveryPlan | None:
    """The source has lost it; what came over is whole, or is not."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not there.paused:
        return None
    if not there.seen:
        return _half_there(case)
    if len(there.paused) > 1:
        return _undecided(texts.several(there))
    if not known.begun:
        return _undecided(texts.paused_by_others(there.paused[0]))
    if known.arrived:
        made = [*steps.persist(there), *steps.clear_source(here)]
        told = texts.paused(Side.DESTINATION)
    else:
        made = [steps.unpause(there.side, there.paused[0])]
        told = texts.runs(Side.DESTINATION)
    return case.settled(MigrationState.DONE, told, made)


def _half_there(case: _Case) -> RecoveryPlan:
    """Memory is lost with the source; a copy cut before the last pass is no loss."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not known.copying:
        return _undecided(texts.half(there.paused[0]))
    made = [
        *steps.end_paused(there, "a part of a memory of which the rest is lost"),
        *steps.clear_record(there),
    ]
    at = Side.SOURCE if here.persistent else None
    return case.settled(MigrationState.FAILED, texts.off(at), made)


def _nowhere(case: _Case) -> RecoveryPlan:
    """No live memory anywhere: a definition is kept, and one alone."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    made = [*steps.clear_record(here), *steps.clear_record(there)]
    arrived = known.begun and there.persistent
    if arrived:
        made += steps.clear_source(here)
    at = Side.SOURCE if here.persistent else None
    if there.persistent and (arrived or at is None):
        at = Side.DESTINATION
    over = MigrationState.DONE if at is Side.DESTINATION else MigrationState.FAILED
    return case.settled(over, texts.off(at), made)


_RULES: tuple[Callable[[_Case], RecoveryPlan | None], ...] = (
    _contradicted,
    _both,
    _runs_there,
    _lives_here,
    _stands_still_here,
    _paused_there,
)
