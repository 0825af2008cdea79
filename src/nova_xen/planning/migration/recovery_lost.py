# SPDX-License-Identifier: Apache-2.0
"""What is done when a person is sure that one of the two hosts is off for good.

Then nothing runs there, but it may have run there until then: the destination lets the
guest go on before the source hears of it, and the source does so by itself when it
loses the destination's answer. Memory that stands still on the host that is left may
therefore be older than the disks, and going on with it would damage them. It is ended,
and the server is started from its disks as after a power failure. What runs goes on.
"""

from nova_xen.model import MigrationState, RecoveryPlan, Side
from nova_xen.planning.migration import recovery_steps as steps
from nova_xen.planning.migration.recovery_case import Case, undecided

_STALE = "it may have run on the other host since, so that its disks may be newer"
_START = "it is to run, and its memory is lost with the other host"


def without_destination(case: Case) -> RecoveryPlan:
    """The source is left, and nothing runs on it nor is paused by a person."""
    here, there, known, texts = case.here, case.there, case.known, case.texts
    if here.still and not known.begun:
        return undecided(texts.suspended_by_others(here.still[0]))
    again = steps.define(here)
    if here.still:
        return from_disks(case)
    if record := steps.clear_record(here):
        return case.settled(MigrationState.FAILED, texts.off(here.side), record)
    if known.begun and not here.persistent and not again:
        return case.settled(MigrationState.DONE, texts.lost_with(there.side), ())
    if known.begun and not here.ended:
        made = (*again, steps.start(here.side, _START))
        return case.settled(MigrationState.FAILED, texts.runs(here.side), made)
    at = here.side if here.persistent or again else None
    return case.settled(MigrationState.FAILED, texts.off(at), again)


def from_disks(case: Case) -> RecoveryPlan:
    """End what stands still at the source, and start the server from its disks."""
    here, texts = case.here, case.texts
    again = steps.persist(here) if here.seen else steps.define(here)
    if here.still and not here.persistent and not again:
        return undecided(texts.undefined(here.side, here.still[0]))
    made = (*again, *steps.end_stale(here, _STALE), steps.start(here.side, _START))
    return case.settled(MigrationState.FAILED, texts.runs(here.side), made)


def without_source(case: Case) -> RecoveryPlan:
    """The destination is left, and nothing runs on it."""
    there, known, texts = case.there, case.known, case.texts
    if len(there.paused) > 1:
        return undecided(texts.several(there))
    if there.paused:
        return _paused(case)
    if record := steps.clear_record(there):
        return case.settled(MigrationState.FAILED, texts.lost_with(Side.SOURCE), record)
    if there.persistent and known.begun and not known.arrived and not there.ended:
        made = (steps.start(there.side, _START),)
        return case.settled(MigrationState.DONE, texts.runs(there.side), made)
    if there.persistent and known.begun:
        return case.settled(MigrationState.DONE, texts.off(there.side), ())
    return case.settled(MigrationState.FAILED, texts.lost_with(Side.SOURCE), ())


def _paused(case: Case) -> RecoveryPlan:
    """What came over: it has run here, or never, or it is not whole."""
    there, known, texts = case.there, case.known, case.texts
    [domain] = there.paused
    if not known.begun or (known.arrived and not there.seen):
        told = texts.paused_by_others if there.seen else texts.half
        return undecided(told(domain))
    if known.arrived:
        made = steps.persist(there)
        return case.settled(MigrationState.DONE, texts.paused(there.side), made)
    if there.seen:
        # the dead migration's job is in the way of a start; the next look shows it
        made = (*steps.persist(there), *steps.end_stale(there, _STALE))
        return case.settled(MigrationState.DONE, texts.runs(there.side), made)
    made = (
        *steps.end_stale(there, "it never became whole"),
        *steps.clear_record(there),
    )
    return case.settled(MigrationState.FAILED, texts.lost_with(Side.SOURCE), made)
