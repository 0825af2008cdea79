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

from collections.abc import Callable, Mapping

from nova_xen.model import (
    GuestView,
    LibvirtView,
    MigrationJournal,
    MigrationState,
    RecoveryPlan,
    RecoveryStep,
    Side,
)
from nova_xen.planning.migration import recovery_lost, silence
from nova_xen.planning.migration import recovery_steps as steps
from nova_xen.planning.migration.recovery_case import Case, Rule, undecided
from nova_xen.planning.migration.recovery_texts import Texts
from nova_xen.planning.migration.remains import (
    Knowledge,
    Remains,
    knowledge,
    remains,
)


def plan_recovery(
    journal: MigrationJournal | None,
    source: GuestView | None,
    destination: GuestView | None,
    *,
    lost: Side | None = None,
) -> RecoveryPlan:
    """Decide from what both hosts have; nothing is done.

    A host that cannot be asked is None. ``busy`` of a view must also be true while the
    source's libvirt has a job on the guest: libvirt goes on migrating when the process
    that asked for it is dead.

    The sentence of an UNDECIDED plan is an advice without a full stop, to which "then
    run 'nova-xen migration recover …'" may be added; others are whole sentences.
    FORGET comes alone, once a look has shown that nothing else is left to do; a plan
    without any step leaves the journals for a later look.

    :param lost: the side of which a person is sure that its host is off, and will not
        come back with the guest running; its view is not looked at
    """
    journals = [journal, *_journals_of(journal, source, destination)]
    known = knowledge(journals)
    own = next((each for each in journals if each is not None), None)
    texts = Texts.of(own)
    if any(view is not None and view.busy for view in (source, destination)):
        return undecided(texts.busy())
    here = _remains(Side.SOURCE, source, own, lost)
    there = _remains(Side.DESTINATION, destination, own, lost)
    if lost and (here is None or there is None):
        return undecided(texts.both_silent())
    if here is None:
        return silence.plan_with_silent_source(there, known, texts)
    if there is None:
        return silence.plan_with_silent_destination(here, known, texts)
    return _by_rules(Case(here, there, known, texts), lost)


def _remains(
    side: Side, view: GuestView | None, own: MigrationJournal | None, lost: Side | None
) -> Remains | None:
    """What the host has; a lost one has nothing."""
    if side is lost:
        return remains(GuestView(side=side, libvirt=LibvirtView.NONE), own)
    return None if view is None else remains(view, own)


def _by_rules(case: Case, lost: Side | None) -> RecoveryPlan:
    """By the first rule that says something."""
    rules, otherwise = _RULES[lost]
    for rule in rules:
        plan = rule(case)
        if plan is not None:
            return plan
    return otherwise(case)


def _journals_of(
    journal: MigrationJournal | None, *views: GuestView | None
) -> list[MigrationJournal | None]:
    """Those of the same migration: another one's tell nothing of this."""
    found = [view.journal for view in views if view is not None]
    if journal is None:
        return found
    return [each for each in found if each is not None and each.id == journal.id]


def _contradicted(case: Case) -> RecoveryPlan | None:
    """libvirt shows a domain that Xen does not have: its restart looks again."""
    here, there, texts = case.here, case.there, case.texts
    wrong = [each for each in (here, there) if each.contradicted]
    if not wrong:
        return None
    return undecided(
        texts.contradicted(wrong[0].side),
        *(steps.restart(each.side, "it shows a domain that is gone") for each in wrong),
    )


def _both(case: Case) -> RecoveryPlan | None:
    """Memory on both hosts, or twice on one, that may have run since the copy."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    running = len(here.running) + len(there.running)
    if here.running and there.running:
        return undecided(texts.both_run(here.running[0], there.running[0]))
    if running > 1 or len(here.live) > 1:
        return undecided(texts.several(here if len(here.live) > 1 else there))
    if there.suspended:
        return undecided(texts.moved_on(there.suspended[0]))
    if here.live and there.paused and there.seen and known.arrived:
        return undecided(texts.may_have_run(here.live[0], there.paused[0]))
    if there.running and here.live and not known.begun:
        return undecided(texts.not_ours(here.live[0], there.running[0]))
    return None


def _runs_there(case: Case) -> RecoveryPlan | None:
    """It arrived: what the source has is older and goes."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not there.running:
        return None
    made = [*steps.show(there), *steps.end_paused(there, "a copy that never ran")]
    if not made and known.begun:
        made = [*steps.persist(there), *steps.clear_source(here)]
    return case.settled(MigrationState.DONE, texts.runs(Side.DESTINATION), made)


def _lives_here(case: Case) -> RecoveryPlan | None:
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


def _stands_still_here(case: Case) -> RecoveryPlan | None:
    """Suspended for the last pass or the whole copy, and it has not run since."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not here.still:
        return None
    [domain] = here.still
    if known.arrived or there.persistent or there.ended:
        # PERSIST_DEST and an end come after it has run there
        return _gone_there(case) or undecided(texts.stale(domain))
    if not known.begun:
        return undecided(texts.suspended_by_others(domain))
    if here.held and there.rebooted is not False:
        # libvirt had tried to let it run there; what came of it went with the reboot
        return recovery_lost.from_disks(case)
    made = [
        *steps.end_paused(there, "it never ran, and the source's memory is whole"),
        # nothing can run there any more; the guest waits for no restart of libvirtd
        *steps.let_go(here, texts.kind),
        *steps.clear_record(there),
    ]
    return case.settled(MigrationState.FAILED, texts.runs(Side.SOURCE), made)


def _held_no_more(case: Case) -> RecoveryPlan | None:
    """It was ended, to be started from its disks, and that was not done yet."""
    here, there, known = case.here, case.there, case.known
    gone = here.lost_held and not here.live and not here.ended and here.persistent
    elsewhere = there.live or there.ended or there.persistent or known.arrived
    if not gone or elsewhere or there.rebooted is False:
        return None
    return recovery_lost.from_disks(case)


def _gone_there(case: Case) -> RecoveryPlan | None:
    """It ran there until that host was rebooted: the older memory here is no use."""
    here, there, texts = case.here, case.there, case.texts
    if not there.rebooted or there.live or not (there.persistent or here.persistent):
        return None
    if there.persistent:
        made = [*steps.clear_record(there), *steps.clear_source(here)]
        return case.settled(MigrationState.DONE, texts.off(there.side), made)
    made = [
        *steps.clear_record(there),
        *steps.end_stale(here, "it ran at the destination since, until a reboot there"),
    ]
    return case.settled(MigrationState.FAILED, texts.off(here.side), made)


def _paused_there(case: Case) -> RecoveryPlan | None:
    """The source has lost it; what came over is whole, or is not."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not there.paused:
        return None
    if not there.seen:
        return _half_there(case)
    if len(there.paused) > 1:
        return undecided(texts.several(there))
    if not known.begun:
        return undecided(texts.paused_by_others(there.paused[0]))
    if known.arrived:
        made = [*steps.persist(there), *steps.clear_source(here)]
        told = texts.paused(Side.DESTINATION)
    elif here.rebooted is False:
        # its domain at the source has not died with the host: it went on and ended
        return undecided(texts.maybe_older(there.paused[0]))
    else:
        made = [steps.unpause(there.side, there.paused[0])]
        told = texts.runs(Side.DESTINATION)
    return case.settled(MigrationState.DONE, told, made)


def _half_there(case: Case) -> RecoveryPlan:
    """Memory is lost with the source; a copy cut before the last pass is no loss."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if not known.copying:
        return undecided(texts.half(there.paused[0]))
    made = [
        *steps.end_paused(there, "a part of a memory of which the rest is lost"),
        *steps.clear_record(there),
    ]
    at = Side.SOURCE if here.persistent else None
    return case.settled(MigrationState.FAILED, texts.off(at), made)


def _nowhere(case: Case) -> RecoveryPlan:
    """No live memory anywhere: a definition is kept, and one alone."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    made = [*steps.clear_record(here), *steps.clear_record(there)]
    arrived = known.begun and there.persistent
    if arrived:
        made += steps.clear_source(here)
    at = Side.SOURCE if here.persistent else None
    if there.persistent and (arrived or at is None):
        at = Side.DESTINATION
    if at is None and known.begun and (again := steps.define(here)):
        # the destination lost its power as the server had just arrived
        made += again
        at = Side.SOURCE
    over = MigrationState.DONE if at is Side.DESTINATION else MigrationState.FAILED
    return case.settled(over, texts.off(at), made)


#: by the side that is lost: the rules, and the plan when none of them says something
_RULES: Mapping[Side | None, tuple[tuple[Rule, ...], Callable[[Case], RecoveryPlan]]]
_RULES = {
    None: (
        (
            _contradicted,
            _both,
            _runs_there,
            _lives_here,
            _stands_still_here,
            _held_no_more,
            _paused_there,
        ),
        _nowhere,
    ),
    Side.DESTINATION: (
        (_contradicted, _both, _lives_here),
        recovery_lost.without_destination,
    ),
    Side.SOURCE: (
        (_contradicted, _both, _runs_there),
        recovery_lost.without_source,
    ),
}
