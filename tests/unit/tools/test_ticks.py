# SPDX-License-Identifier: Apache-2.0
"""What the lab reads off a guest's numbers: how long it stood still."""

import pytest

from xen.migration.ticks import Tick, missing, repeated, stays, stops


def said(*rows: tuple[str, float, float, float]) -> list[Tick]:
    """Numbers by host, begin of the guest's clock, how far that is behind, lateness.

    Ten a row, a fifth of a second apart; all but the fifth are late.
    """
    told: list[Tick] = []
    for host, begin, behind, late in rows:
        for index in range(10):
            clock = begin + index / 5
            at = clock + behind + (0.1 if index == 5 else late)
            told.append(Tick(len(told), at, clock, host))
    return told


@pytest.mark.parametrize("late", [0.1, 0.5, 19.0])
def test_a_stop_is_no_lateness(late: float) -> None:
    """A guest that has little of the processor does not stand still."""
    told = said(("xen1", 5, 100, 0.1), ("xen2", 7, 104, late), ("xen1", 9, 106.5, late))
    assert stops(told) == [pytest.approx(4), pytest.approx(2.5)]
    assert (missing(told), repeated(told)) == ([], [])


def test_silence_of_a_guest_that_runs_is_no_stop() -> None:
    told = said(("xen1", 5, 100, 0.1), ("xen2", 30, 104, 0.1))
    assert stops(told) == [pytest.approx(4)]


def test_each_visit_is_a_stay() -> None:
    told = said(("xen1", 5, 0, 0), ("xen2", 7, 1, 0), ("xen1", 9, 2, 0))
    assert [stay[0].host for stay in stays(told)] == ["xen1", "xen2", "xen1"]
    assert missing(told[:3] + told[4:]) == [3]
    assert repeated([*told, told[7]]) == [7]
