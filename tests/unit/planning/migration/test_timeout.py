# SPDX-License-Identifier: Apache-2.0
"""How long a migration may take, and what then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.model import MigrationOptions, MigrationRequest, TimeoutAction
from nova_xen.planning.migration.timeout import TimeoutPlan, decide_timeout

ABORT, FORCE = TimeoutAction.ABORT, TimeoutAction.FORCE_COMPLETE


@pytest.mark.parametrize(
    ("asked", "option", "memory_mib", "seconds"),
    [
        (None, 800, 1, 1600),
        (None, 800, 192, 1600),
        (None, 800, 2048, 1600),
        (None, 800, 2049, 1600),
        (None, 800, 2560, 2000),
        (None, 800, 65536, 51200),
        (None, 1, 3000, 2),
        (None, 0, 65536, 0),
        (30, 800, 65536, 30),
        (30, 0, 65536, 30),
        (0, 800, 65536, 0),
    ],
)
def test_seconds(asked: int | None, option: int, memory_mib: int, seconds: int) -> None:
    """Nova's arithmetic: the option times the GiB, of which there are two at least."""
    request = MigrationRequest(server="web1", destination="xen2", timeout=asked)
    options = MigrationOptions(completion_timeout=option)
    assert decide_timeout(request, options, memory_mib).seconds == seconds


@pytest.mark.parametrize(
    ("asked", "option", "action"),
    [
        (None, ABORT, ABORT),
        (None, FORCE, FORCE),
        (ABORT, FORCE, ABORT),
        (FORCE, ABORT, FORCE),
    ],
)
def test_actions(
    asked: TimeoutAction | None, option: TimeoutAction, action: TimeoutAction
) -> None:
    request = MigrationRequest(server="web1", destination="xen2", timeout_action=asked)
    options = MigrationOptions(timeout_action=option)
    assert decide_timeout(request, options, 1024).action is action


@pytest.mark.parametrize(
    ("action", "seconds", "elapsed", "forced", "due"),
    [
        (ABORT, 100, 0.0, False, None),
        (ABORT, 100, 99.9, False, None),
        (ABORT, 100, 100.0, False, ABORT),
        (ABORT, 100, 500.0, False, ABORT),
        (ABORT, 100, 50.0, True, None),
        (ABORT, 100, 100.0, True, ABORT),
        (ABORT, 0, 1e9, False, None),
        (FORCE, 100, 99.9, False, None),
        (FORCE, 100, 100.0, False, FORCE),
        (FORCE, 100, 100.0, True, None),
        (FORCE, 100, 199.9, True, None),
        (FORCE, 100, 200.0, True, ABORT),
        (FORCE, 100, 200.0, False, ABORT),
        (FORCE, 0, 1e9, True, None),
    ],
)
def test_due(
    action: TimeoutAction,
    seconds: int,
    elapsed: float,
    forced: bool,
    due: TimeoutAction | None,
) -> None:
    assert TimeoutPlan(seconds, action).due(elapsed, forced=forced) is due


@given(
    st.sampled_from(TimeoutAction),
    st.integers(1, 10**6),
    st.floats(0, 10**7),
    st.booleans(),
)
def test_it_always_ends(
    action: TimeoutAction, seconds: int, later: float, forced: bool
) -> None:
    """After twice the time there is nothing but an end, and it stays due."""
    plan = TimeoutPlan(seconds, action)
    assert plan.due(2 * seconds + later, forced=forced) is ABORT
