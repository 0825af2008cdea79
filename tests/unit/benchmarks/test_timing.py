# SPDX-License-Identifier: Apache-2.0
"""Works are timed in turn, in batches, on a clock of the test's own."""

from collections.abc import Callable

import pytest
from benchmarks.report import Figure, ratios
from benchmarks.timing import interleaved


class Clock:
    """A clock that goes on when work is done, and keeps who did it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def __call__(self) -> float:
        return self.now

    def work(self, name: str, seconds: float) -> Callable[[], None]:
        def done() -> None:
            self.log.append(name)
            self.now += seconds

        return done


def test_each_round_runs_every_work_and_begins_with_another() -> None:
    clock = Clock()
    works = {name: clock.work(name, 1.0) for name in "abc"}

    interleaved(works, 3, clock=clock)

    assert clock.log == [*"abc", *"abc", *"bca", *"cab"]  # first a warm-up of each


@pytest.mark.parametrize("batch", [0, 0.5, 1.0])
def test_seconds_are_for_one_call_whatever_the_batch(batch: float) -> None:
    clock = Clock()
    works = {"short": clock.work("short", 0.125), "long": clock.work("long", 2.0)}

    taken = interleaved(works, 2, clock=clock, batch=batch)

    assert taken == {"short": [0.125, 0.125], "long": [2.0, 2.0]}


def test_a_short_work_is_repeated_until_a_batch_is_full() -> None:
    clock = Clock()

    interleaved({"a": clock.work("a", 0.25)}, 1, clock=clock, batch=1.0)

    assert clock.log.count("a") == (1 + 2 + 4) + 4


def test_figures_have_the_median_and_the_spread() -> None:
    figure = Figure.of("start", "ms", [5.0, 1.0, 3.0])

    assert (figure.minimum, figure.median, figure.maximum) == (1.0, 3.0, 5.0)
    assert str(figure).split() == ["start", "3", "ms", "(1", "to", "5)"]


def test_ratios_are_of_values_of_the_same_round() -> None:
    assert ratios([4.0, 9.0], [2.0, 3.0]) == [2.0, 3.0]
    with pytest.raises(ValueError, match="longer"):
        ratios([1.0], [1.0, 2.0])
