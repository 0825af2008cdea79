# SPDX-License-Identifier: Apache-2.0
"""What samples say: exact where it is simple, and never absurd."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.model import (
    MIB,
    MigrationKind,
    MigrationProgress,
    MigrationSample,
    MigrationState,
)
from nova_xen.planning.migration import estimate
from nova_xen.planning.migration.estimate import progress

COPYING, STOPPED = MigrationState.COPYING, MigrationState.STOPPED
MEMORY = 1000 * MIB
PASS = 1027 * MIB
START = 1_700_000_000.0


def samples(
    *points: tuple[float, int | None], state: MigrationState = COPYING
) -> tuple[MigrationSample, ...]:
    """Seconds since the start and MiB sent."""
    return tuple(
        MigrationSample(
            at=START + at,
            state=state,
            bytes_sent=None if sent is None else sent * MIB,
        )
        for at, sent in points
    )


def of(
    *points: tuple[float, int | None], state: MigrationState = COPYING
) -> MigrationProgress:
    return progress(samples(*points, state=state), MEMORY, START)


def test_nothing_is_known_at_the_beginning() -> None:
    assert progress((), MEMORY, START) == MigrationProgress(
        state=MigrationState.CHECKING, elapsed=0.0, memory=MEMORY
    )


def test_time_goes_on_without_samples() -> None:
    made = progress((), MEMORY, START, state=MigrationState.PREPARING, now=START + 3)
    assert (made.state, made.elapsed) == (MigrationState.PREPARING, 3.0)
    assert made.bytes_sent is None


def test_the_first_pass() -> None:
    made = of((0, 0), (5, 50), (10, 100))
    assert made == MigrationProgress(
        state=COPYING,
        elapsed=10.0,
        bytes_sent=100 * MIB,
        memory=MEMORY,
        rate=10.0 * MIB,
        passes=0,
        dirty_rate=None,
        remaining=92.7,
    )


def test_beyond_the_first_pass() -> None:
    """What was sent again goes on as long again; the rate is of the last seconds."""
    made = of((0, 0), (100, 1027), (105, 1077), (110, 1127))
    assert (made.passes, made.rate) == (1, 10.0 * MIB)
    assert made.dirty_rate == 10.0 * MIB
    assert made.remaining == 10.0


def test_the_last_pass_has_an_end() -> None:
    made = of((0, 0), (5, 6000), (10, 6100))
    assert made.passes == 5
    assert made.remaining == pytest.approx((6 * 1027 - 6100) / 20)
    assert of((0, 0), (5, 7000), (10, 9000)).remaining == 0.0


@pytest.mark.parametrize(
    ("sent", "passes"),
    [(0, 0), (1026, 0), (1027, 1), (2053, 1), (2054, 2), (6162, 6), (99999, 6)],
)
def test_passes_are_counted_from_below(sent: int, passes: int) -> None:
    assert of((0, 0), (10, sent)).passes == passes


def test_a_guest_that_stands_still_has_one_pass() -> None:
    made = progress(
        samples((0, 0), (5, 1100), (10, 1200), state=STOPPED),
        MEMORY,
        START,
        kind=MigrationKind.STOP_AND_COPY,
    )
    assert (made.passes, made.dirty_rate, made.remaining) == (1, None, 0.0)


def test_a_stall_has_no_time_left() -> None:
    made = of((0, 0), (10, 100), (15, 100), (20, 100))
    assert (made.rate, made.remaining) == (0.0, None)


def test_missing_counts_are_bridged() -> None:
    made = of((0, None), (1, 10), (2, None), (3, 30), (4, None))
    assert (made.bytes_sent, made.rate) == (30 * MIB, 10.0 * MIB)


def test_a_count_that_is_old_makes_no_rate() -> None:
    made = of((0, 0), (1, 10), (7, None))
    assert (made.bytes_sent, made.rate, made.remaining) == (10 * MIB, None, None)


def test_without_any_count_nothing_is_told() -> None:
    made = of((0, None), (9, None))
    assert made == MigrationProgress(state=COPYING, elapsed=9.0, memory=MEMORY)


def test_one_count_makes_no_rate() -> None:
    assert of((3, 5)).rate is None


def test_two_counts_at_once_make_no_rate() -> None:
    assert of((3, 5), (3, 6)).rate is None


def test_a_clock_that_is_set_back() -> None:
    """The interval in which it was set is lost, and nothing else."""
    made = of((0, 0), (1, 10), (-3600, 20), (-3599, 30))
    assert (made.elapsed, made.rate) == (2.0, 15.0 * MIB)


def test_a_count_that_falls_stays_where_it_was() -> None:
    assert of((0, 10), (1, 5)).bytes_sent == 10 * MIB


@pytest.mark.parametrize(
    "state", [each for each in MigrationState if each not in (COPYING, STOPPED)]
)
def test_nothing_goes_over_in_other_states(state: MigrationState) -> None:
    made = of((0, 0), (5, 100), state=state)
    assert (made.rate, made.remaining) == (None, None)
    assert made.bytes_sent == 100 * MIB


def test_what_others_measured_is_handed_on() -> None:
    made = progress((), MEMORY, START, downtime=0.7, throttled=True)
    assert (made.downtime, made.throttled) == (0.7, True)
    assert progress((), MEMORY, START, downtime=-0.1).downtime is None


def test_memory_of_no_size() -> None:
    made = progress(samples((0, 0), (5, 10)), 0, START)
    assert (made.passes, made.dirty_rate, made.remaining) == (None, None, None)


SAMPLES = st.lists(
    st.builds(
        MigrationSample,
        at=st.floats(0, 1e11),
        state=st.sampled_from(MigrationState),
        bytes_sent=st.none() | st.integers(0, 2**63),
    ),
    max_size=12,
)


@given(
    SAMPLES,
    st.integers(0, 2**50),
    st.floats(0, 1e11),
    st.none() | st.floats(0, 1e11),
    st.sampled_from(MigrationKind),
)
def test_no_number_is_ever_absurd(
    taken: Sequence[MigrationSample],
    memory: int,
    started: float,
    now: float | None,
    kind: MigrationKind,
) -> None:
    """Any clock and any counter: finite, not negative, passes within what Xen does."""
    made = progress(taken, memory, started, now=now, kind=kind)
    for number in (made.elapsed, made.rate, made.dirty_rate, made.remaining):
        assert number is None or (math.isfinite(number) and number >= 0)
    assert made.passes is None or 0 <= made.passes <= estimate.MOST_PASSES
    counted = [each.bytes_sent for each in taken if each.bytes_sent is not None]
    assert made.bytes_sent == (max(counted) if counted else None)
    if made.remaining is not None:
        assert made.rate is not None
        most = estimate.MOST_PASSES * memory * 1.027
        assert made.remaining * made.rate <= most + 1


@given(SAMPLES, st.integers(1, 2**50))
def test_more_samples_never_take_anything_back(
    taken: Sequence[MigrationSample], memory: int
) -> None:
    before = progress(taken[:-1], memory, 0.0)
    after = progress(taken, memory, 0.0)
    assert after.elapsed >= before.elapsed
    assert (after.bytes_sent or 0) >= (before.bytes_sent or 0)
    assert (after.passes or 0) >= (before.passes or 0)
