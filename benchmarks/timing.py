# SPDX-License-Identifier: Apache-2.0
"""Timing of several works in turn, so that noise of the machine falls on all alike."""

import gc
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]
Clock = Callable[[], float]

#: a batch is at least this long, so that the clock's own steps do not show (seconds)
BATCH = 0.05


def interleaved(
    works: Mapping[str, Work],
    rounds: int,
    *,
    clock: Clock = time.perf_counter,
    batch: float = 0,
) -> dict[str, list[float]]:
    """Seconds for one call of each work, one value a round.

    Every round runs every work, each round beginning with another one. A work that
    takes less than ``batch`` seconds is repeated until it takes that long.
    """
    sizes = {name: _batch_size(work, clock, batch) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for index in range(rounds):
        for name in _rotated(list(works), index):
            seconds = _time(works[name], sizes[name], clock)
            taken[name].append(seconds / sizes[name])
    return taken


def _rotated(names: list[str], by: int) -> list[str]:
    start = by % len(names)
    return names[start:] + names[:start]


def _batch_size(work: Work, clock: Clock, batch: float) -> int:
    """How often to call ``work`` for a batch; the calls also warm it up."""
    size = 1
    while _time(work, size, clock) < batch:
        size *= 2
    return size


def _time(work: Work, times: int, clock: Clock) -> float:
    gc.collect()
    before = clock()
    for _ in range(times):
        work()
    return clock() - before
