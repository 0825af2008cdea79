# SPDX-License-Identifier: Apache-2.0
"""The states of a migration: every way ends and none leads back."""

from collections.abc import Iterator

import pytest

from nova_xen.model import MigrationState
from nova_xen.planning.migration.states import (
    SUCCESSORS,
    ended,
    require_successor,
)

S = MigrationState
ENDS = {S.DONE, S.ABORTED, S.FAILED}
PAIRS = [(before, after) for before in S for after in S]


def after(state: MigrationState) -> set[MigrationState]:
    """Every state that can follow, sooner or later."""
    found: set[MigrationState] = set()
    waiting = [state]
    while waiting:
        for each in SUCCESSORS[waiting.pop()] - found:
            found.add(each)
            waiting.append(each)
    return found


def ways(state: MigrationState) -> Iterator[tuple[MigrationState, ...]]:
    """Every way from a state to where nothing follows."""
    if not SUCCESSORS[state]:
        yield (state,)
    for each in SUCCESSORS[state]:
        for way in ways(each):
            yield (state, *way)


def test_the_table_has_every_state() -> None:
    assert set(SUCCESSORS) == set(S)


@pytest.mark.parametrize("state", [state for state in S if state is not S.CHECKING])
def test_every_state_is_reached(state: MigrationState) -> None:
    assert state in after(S.CHECKING)


@pytest.mark.parametrize("state", S)
def test_no_state_comes_again(state: MigrationState) -> None:
    assert state not in after(state)


@pytest.mark.parametrize("state", S)
def test_ends_and_only_ends_have_no_successor(state: MigrationState) -> None:
    assert ended(state) == (state in ENDS) == (not SUCCESSORS[state])


@pytest.mark.parametrize("state", [state for state in S if state not in ENDS])
def test_there_is_a_way_to_an_end(state: MigrationState) -> None:
    assert after(state) & ENDS


def test_every_way_has_an_end() -> None:
    assert {way[-1] for way in ways(S.CHECKING)} == ENDS


def test_the_usual_way() -> None:
    usual = [S.CHECKING, S.PREPARING, S.COPYING, S.STOPPED, S.FINISHING, S.DONE]
    assert tuple(usual) in set(ways(S.CHECKING))


@pytest.mark.parametrize(
    ("before", "then"),
    [
        pytest.param(S.COPYING, S.FINISHING, id="nobody saw it stand still"),
        pytest.param(S.STOPPED, S.ABORTING, id="a stop-and-copy is aborted"),
        pytest.param(S.ABORTING, S.FINISHING, id="an abort comes too late"),
        pytest.param(S.UNDECIDED, S.DONE, id="it is found at the destination"),
        pytest.param(S.UNDECIDED, S.FAILED, id="it is found at the source"),
    ],
)
def test_what_happens_too(before: MigrationState, then: MigrationState) -> None:
    require_successor(before, then)


@pytest.mark.parametrize(
    ("before", "then"),
    [pair for pair in PAIRS if pair[1] not in SUCCESSORS[pair[0]]],
)
def test_other_steps_are_refused(before: MigrationState, then: MigrationState) -> None:
    with pytest.raises(ValueError, match=f"is {before} cannot become {then};"):
        require_successor(before, then)


def test_the_refusal_tells_what_may_follow() -> None:
    with pytest.raises(ValueError, match="what may follow is done, failed"):
        require_successor(S.UNDECIDED, S.ABORTED)
    with pytest.raises(ValueError, match="nothing, since it has ended"):
        require_successor(S.DONE, S.FAILED)
