# SPDX-License-Identifier: Apache-2.0
"""What a migration that was cut left on two hosts, looked at and put right.

A host that cannot be asked is no error here but one fact more, and so is a step that
fails: whatever happens, a plan says where the server is or what a person must do.
"""

import dataclasses
import logging
from collections.abc import Callable, Sequence

from nova_xen import exceptions
from nova_xen.migration.guard import Guard
from nova_xen.migration.interfaces import Pausing, Peer
from nova_xen.migration.unwatched import Unwatched
from nova_xen.migration.world import World
from nova_xen.model import (
    GuestView,
    MigrationJournal,
    MigrationState,
    RecoveryAction,
    RecoveryPlan,
    RecoveryStep,
    Side,
)
from nova_xen.planning.migration.recovery import plan_recovery
from nova_xen.planning.migration.recovery_texts import started_anew

LOG = logging.getLogger(__name__)
#: rounds of steps before it is said that they do not help
_ROUNDS = 4
#: seconds between two looks at what somebody else must end first
PAUSE = 5.0
#: seconds for libvirt to end a migration of which the process died
LIBVIRT_PATIENCE = 300.0
#: seconds for Xen to free a domain that was ended; one may stay for ever
DYING_PATIENCE = 30.0
#: seconds for the other host to answer again while the guest stands still here, for
#: who migrates; who recovers is told at once what a person can decide
SILENT_PATIENCE = 120.0
_FAR = {Side.SOURCE: Side.DESTINATION, Side.DESTINATION: Side.SOURCE}
Close = Callable[[RecoveryPlan], None]
#: hears in a sentence what is waited for
Tell = Callable[[str], None]


def silently(_sentence: str) -> None:
    """Tell of a caller to whom nobody listens."""


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What both hosts have; None for one that gives no answer."""

    source: GuestView | None
    destination: GuestView | None

    @property
    def views(self) -> tuple[GuestView, ...]:
        return tuple(each for each in (self.source, self.destination) if each)

    @property
    def busy(self) -> bool:
        return any(view.busy for view in self.views)

    @property
    def leaving(self) -> bool:
        """Whether the source's libvirt migrates it, or somebody works on it there."""
        return self.source is not None and self.source.busy

    @property
    def silent(self) -> bool:
        """Whether the guest stands still at the source for want of one answer."""
        if self.source is None or self.destination is not None:
            return False
        held = self.source.held
        return any(
            each.suspended or (each.paused and each.domid == held)
            for each in self.source.xen
        )

    @property
    def dying(self) -> bool:
        there = self.destination
        return there is not None and any(domain.dying for domain in there.xen)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Task:
    """A migration to be settled; ``lost`` when its other host is off for good."""

    world: World
    journal: MigrationJournal
    peer: Peer
    tell: Tell
    lost: bool
    patience: float
    guard: Guard

    @property
    def far(self) -> Side:
        return _FAR[self.journal.side]

    def say(self, what: str) -> None:
        self.tell(f"Server {self.journal.name}: {what}")


def settle(
    world: World,
    journal: MigrationJournal,
    peer: Peer,
    close: Close,
    *,
    tell: Tell = silently,
    lost: bool = False,
    patience: float = 0.0,
    pausing: Pausing | None = None,
) -> RecoveryPlan:
    """Look at both hosts and carry out what is to be done, until nothing is.

    The caller holds the lock of this guest. A step changes what can be seen (a
    restart of libvirtd shows domains it had lost), so both hosts are looked at again
    after each round. No error of a host is raised.

    :param close: told the plan before the journals go, after which nobody would
    :param tell: told what is waited for, before it is
    :param lost: a person is sure that the other host is off for good: it is not asked
    :param patience: seconds for the other host to answer while the guest stands still
    :param pausing: what pauses the source while libvirt migrates it; it is closed once
        libvirt does not any more
    """
    task = _Task(
        world=world,
        journal=journal,
        peer=peer,
        tell=tell,
        lost=lost,
        patience=patience,
        guard=Guard(world, journal, pausing),
    )
    return _rounds(task, close)


def _rounds(task: _Task, close: Close) -> RecoveryPlan:
    trouble, started = "", None
    for _ in range(_ROUNDS + 1):
        plan = _look(task)
        if all(step.action is RecoveryAction.FORGET for step in plan.steps):
            return _forget(task, started_anew(plan, task.journal, started), close)
        trouble = _carry_out(task, plan.steps)
        started = started if trouble else (_started(plan) or started)
    if plan.state is MigrationState.UNDECIDED:
        return plan
    sentence = trouble or _stuck(plan)
    return dataclasses.replace(plan, state=MigrationState.UNDECIDED, sentence=sentence)


def _started(plan: RecoveryPlan) -> Side | None:
    """Where the server is started from its disks."""
    starts = (step for step in plan.steps if step.action is RecoveryAction.START)
    return next((step.side for step in starts), None)


def _forget(task: _Task, plan: RecoveryPlan, close: Close) -> RecoveryPlan:
    """Where the server is is sure by now, so a journal that stays changes nothing."""
    if plan.steps:
        close(plan)
    _carry_out(task, plan.steps)
    return plan


def _stuck(plan: RecoveryPlan) -> str:
    left = "; ".join(f"{step.action} on the {step.side}" for step in plan.steps)
    return f"What was tried {_ROUNDS} times does not help ({left}), so do it by hand"


def _look(task: _Task) -> RecoveryPlan:
    seen = _wait(task)
    journal, lost = task.journal, task.far if task.lost else None
    plan = plan_recovery(journal, seen.source, seen.destination, lost=lost)
    # this process holds the lock itself, so what is busy here is libvirt
    if journal.side is Side.SOURCE and seen.leaving:
        sentence = f"Server {journal.name}: libvirt still migrates it: wait for its end"
        return dataclasses.replace(plan, sentence=sentence)
    return plan


def _wait(task: _Task) -> _Seen:
    """What is there once nobody else works on it, or is not to be waited for."""
    seen, before, began = _views(task), "", 0.0
    unwatched = Unwatched(task.world, task.journal, lost=task.lost)
    while True:
        if seen.source is not None and not seen.leaving and task.guard.end():
            seen = _views(task)
        what, patience = _waited(task, seen)
        if what != before:
            before, began = what, task.world.clock()
        if task.world.clock() - began >= patience:
            return seen
        task.say(f"it {what}, which is waited for, {patience:.0f} s at most")
        if task.journal.side is Side.SOURCE and seen.source and seen.leaving:
            task.guard.keep(seen.source)
            unwatched.look(seen.source)
        task.world.sleep(PAUSE)
        seen = _views(task)


def _waited(task: _Task, seen: _Seen) -> tuple[str, float]:
    """What is waited for by what was seen, and the seconds that it may take."""
    if seen.busy:
        return "is still worked on", LIBVIRT_PATIENCE
    if seen.dying:
        return "is being ended by Xen", DYING_PATIENCE
    if seen.silent and not task.lost:
        return "stands still until the other host answers", task.patience
    return "", 0.0


def _views(task: _Task) -> _Seen:
    journal = task.journal
    near = _view(journal, journal.side, task.world.local)
    far = None
    if not task.lost:
        task.say(f"host {journal.peer} is asked what it has of it")
        far = _view(journal, task.far, task.peer)
    return _Seen(near, far) if journal.side is Side.SOURCE else _Seen(far, near)


def _view(journal: MigrationJournal, side: Side, host: Peer) -> GuestView | None:
    """What a host has; one whose libvirt or Xen cannot be asked is silent too."""
    try:
        found = host.view(journal.uuid, journal.name)
    except exceptions.NovaXenError as error:
        LOG.warning("Server %s, looking at the %s: %s", journal.name, side, error)
        return None
    if side is journal.side:
        return dataclasses.replace(found, side=side, journal=journal)
    return dataclasses.replace(found, side=side)


def _carry_out(task: _Task, steps: Sequence[RecoveryStep]) -> str:
    """Why one failed, in the words of an advice; those after it are not done."""
    journal = task.journal
    for step in steps:
        told = (journal.name, step.action, step.side, step.why)
        LOG.warning("Server %s: %s on the %s: %s", *told)
        task.say(f"{step.action} is done on the {step.side}")
        host: Peer = task.world.local if step.side is journal.side else task.peer
        try:
            host.carry_out(journal.uuid, journal.name, step)
        except exceptions.NovaXenError as error:
            LOG.warning("Server %s: %s", journal.name, error)
            return _advice(step, error)
    return ""


def _advice(step: RecoveryStep, error: exceptions.NovaXenError) -> str:
    advice = error.context.get("advice")
    if isinstance(error, exceptions.MigrationUndecided) and advice:
        return str(advice)
    why = str(error).rstrip(".")
    return f"The step {step.action} on the {step.side} failed ({why}): see to that"
