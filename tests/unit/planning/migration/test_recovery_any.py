# SPDX-License-Identifier: Apache-2.0
"""Whatever two hosts have of a guest, a plan never makes two of it, nor none."""

import dataclasses
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from nova_xen.model import (
    GuestView,
    LibvirtView,
    MigrationState,
    RecoveryAction,
    RecoveryPlan,
    RecoveryStep,
    Side,
    XenDomain,
)
from nova_xen.planning.migration.recovery import plan_recovery
from nova_xen.planning.migration.remains import Condition, condition
from unit.planning.migration.recovery_views import FLAGS, domain, journal

A = RecoveryAction
ROUNDS = 6
ACTIVE = {LibvirtView.RUNNING, LibvirtView.PAUSED}
STATES = st.sampled_from([*MigrationState, None])


class World:
    """Two hosts in the abstract: what each step does to what each has."""

    def __init__(
        self,
        views: dict[Side, GuestView],
        silent: frozenset[Side],
        lost: Side | None = None,
    ) -> None:
        self.views = views
        self.silent = silent
        self.lost = lost
        if lost is not None:
            self._change(lost, xen=(), libvirt=LibvirtView.NONE, persistent=False)

    def seen(self, side: Side) -> GuestView | None:
        return None if side in self.silent else self.views[side]

    def all(self) -> list[tuple[Side, XenDomain]]:
        return [(side, one) for side in Side for one in self.views[side].xen]

    def running(self) -> int:
        return sum(condition(one) is Condition.RUNNING for _, one in self.all())

    def find(self, step: RecoveryStep) -> XenDomain:
        [found] = [one for one in self.views[step.side].xen if one.domid == step.domid]
        return found

    def carry_out(self, step: RecoveryStep) -> None:
        view = self.views[step.side]
        match step.action:
            case A.DESTROY:
                self._end(view, self.find(step))
            case A.RESUME:
                self._swap(view, step, suspended=False, paused=False)
            case A.UNPAUSE:
                self._swap(view, step, paused=False)
                self._change(view.side, libvirt=LibvirtView.RUNNING)
            case A.RESTART_LIBVIRTD:
                self._restart(view)
            case A.START:
                assert view.persistent
                self._change(
                    view.side, xen=(domain(50, "run"),), libvirt=LibvirtView.RUNNING
                )
            case A.PERSIST:
                assert view.libvirt in ACTIVE
                self._change(view.side, persistent=True)
            case A.UNDEFINE:
                assert view.persistent
                left = view.libvirt
                if left is LibvirtView.OFF:
                    left = LibvirtView.NONE
                self._change(view.side, persistent=False, libvirt=left)
            case A.FORGET:
                self._change(view.side, journal=None)

    def _change(self, side: Side, **changed: Any) -> None:
        self.views[side] = dataclasses.replace(self.views[side], **changed)

    def _swap(self, view: GuestView, step: RecoveryStep, **changed: Any) -> None:
        old = self.find(step)
        new = dataclasses.replace(old, **changed)
        self._change(
            view.side, xen=tuple(new if one is old else one for one in view.xen)
        )

    def _end(self, view: GuestView, gone: XenDomain) -> None:
        left = tuple(one for one in view.xen if one is not gone)
        libvirt = view.libvirt
        if libvirt in ACTIVE and not left:
            libvirt = LibvirtView.OFF if view.persistent else LibvirtView.NONE
        self._change(view.side, xen=left, libvirt=libvirt)

    def _restart(self, view: GuestView) -> None:
        """libvirt sees what runs; what arrived only if it saw it before."""
        conditions = {condition(one) for one in view.xen}
        libvirt = LibvirtView.OFF if view.persistent else LibvirtView.NONE
        if Condition.RUNNING in conditions:
            libvirt = LibvirtView.RUNNING
        elif Condition.PAUSED in conditions and view.libvirt in ACTIVE:
            libvirt = LibvirtView.PAUSED
        self._change(view.side, libvirt=libvirt)


def check_step(world: World, step: RecoveryStep) -> None:
    """No step may need more than what is sure."""
    others = [pair for pair in world.all() if pair[1].domid != step.domid]
    worth = {condition(one) for _, one in others}
    if world.lost is not None:
        check_without(world, step, worth)
        return
    match step.action:
        case A.DESTROY:
            assert not world.silent
            ends = world.find(step)
            half = step.side is Side.DESTINATION and (
                world.views[step.side].libvirt not in ACTIVE
            )
            assert (
                Condition.RUNNING in worth
                or condition(ends) is Condition.ENDED
                or (
                    condition(ends) is Condition.PAUSED
                    and (half or worth & {Condition.SUSPENDED, Condition.PAUSED})
                )
            )
            assert condition(ends) is not Condition.RUNNING
        case A.RESUME | A.UNPAUSE:
            assert not world.silent
            assert not worth & {
                Condition.RUNNING,
                Condition.SUSPENDED,
                Condition.PAUSED,
            }


def check_without(world: World, step: RecoveryStep, worth: set[Condition]) -> None:
    """With a host lost, memory that stood still goes on no more; none runs twice."""
    assert step.side is not world.lost
    match step.action:
        case A.DESTROY:
            assert condition(world.find(step)) is not Condition.RUNNING
        case A.START:
            assert worth <= {Condition.DYING, Condition.ENDED}
        case action:
            assert action not in (A.RESUME, A.UNPAUSE)


def carry_out(world: World, plan: RecoveryPlan) -> None:
    """All steps, and what must hold around each."""
    before = world.running()
    for step in plan.steps:
        check_step(world, step)
        world.carry_out(step)
        assert world.running() <= max(1, before)
        assert world.running() >= before


def settled(world: World, state: MigrationState | None) -> RecoveryPlan:
    """Look and carry out until nothing is left to do."""
    kept = None if state is None else journal(state)
    for _ in range(ROUNDS):
        plan = plan_recovery(
            kept,
            world.seen(Side.SOURCE),
            world.seen(Side.DESTINATION),
            lost=world.lost,
        )
        if all(step.action is A.FORGET for step in plan.steps):
            carry_out(world, plan)
            return plan
        carry_out(world, plan)
    raise AssertionError(f"never settled: {plan}")


@st.composite
def views(draw: st.DrawFn, side: Side) -> GuestView:
    first = 3 if side is Side.SOURCE else 7
    conditions = draw(st.lists(st.sampled_from(sorted(FLAGS)), max_size=2))
    libvirt = draw(st.sampled_from(LibvirtView))
    state = draw(STATES)
    persistent = draw(st.booleans())
    return GuestView(
        side=side,
        libvirt=libvirt,
        # a definition is what makes it off, and none is what makes it none
        persistent={LibvirtView.OFF: True, LibvirtView.NONE: False}.get(
            libvirt, persistent
        ),
        xen=tuple(domain(first + n, word) for n, word in enumerate(conditions)),
        journal=None if state is None else journal(state, side),
    )


LEFT = st.builds(
    lambda source, destination, lost: World(
        {Side.SOURCE: source, Side.DESTINATION: destination}, frozenset(), lost
    ),
    views(Side.SOURCE),
    views(Side.DESTINATION),
    st.sampled_from(Side),
)
WORLDS = st.builds(
    lambda source, destination, silent: World(
        {Side.SOURCE: source, Side.DESTINATION: destination}, silent
    ),
    views(Side.SOURCE),
    views(Side.DESTINATION),
    st.frozensets(st.sampled_from(Side)),
)


@settings(max_examples=600, deadline=None)
@given(world=WORLDS, state=STATES)
def test_never_two_and_never_none(world: World, state: MigrationState | None) -> None:
    ran = world.running()
    plan = settled(world, state)
    assert world.running() <= max(1, ran)
    if plan.state is MigrationState.DONE:
        left = {condition(one) for one in world.views[Side.SOURCE].xen}
        assert left <= {Condition.DYING, Condition.ENDED}


@settings(max_examples=300, deadline=None)
@given(world=WORLDS, state=STATES)
def test_a_journal_goes_only_when_it_is_sure(
    world: World, state: MigrationState | None
) -> None:
    plan = settled(world, state)
    forgotten = [step for step in plan.steps if step.action is A.FORGET]
    if forgotten:
        assert plan.state is not MigrationState.UNDECIDED
        told = [pair for pair in world.all() if pair[0] not in world.silent]
        assert sum(condition(one) is Condition.RUNNING for _, one in told) <= 1


@settings(max_examples=600, deadline=None)
@given(world=LEFT, state=STATES)
def test_without_a_host_one_at_most(world: World, state: MigrationState | None) -> None:
    ran, began = world.running(), bool(world.views[_left(world)].persistent)
    plan = settled(world, state)
    assert world.running() <= max(1, ran)
    assert world.running() >= min(1, ran)
    # a definition is not lost, whatever goes
    assert world.views[_left(world)].persistent or not began
    if plan.state is not MigrationState.UNDECIDED:
        assert world.views[_left(world)].journal is None or state is None


def _left(world: World) -> Side:
    return next(side for side in Side if side is not world.lost)


@settings(max_examples=200, deadline=None)
@given(world=WORLDS, state=STATES)
def test_settling_again_changes_nothing(
    world: World, state: MigrationState | None
) -> None:
    plan = settled(world, state)
    views = dict(world.views)
    over = any(step.action is A.FORGET for step in plan.steps)
    settled(world, None if over else state)  # who is done has no journal any more
    assert world.views == views
