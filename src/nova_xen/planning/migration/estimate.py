# SPDX-License-Identifier: Apache-2.0
"""What the samples of a migration say: pure arithmetic, nothing invented.

What is not measured is None. Xen copies memory in passes and tells nobody of them, so
passes are counted from below, by bytes; the time left is an estimate and no more.
"""

import dataclasses
import itertools
from collections.abc import Sequence

from nova_xen.model import (
    MigrationKind,
    MigrationProgress,
    MigrationSample,
    MigrationState,
)

#: bytes on the wire for each byte of memory, by measurement (1.027 on Xen 4.17): page
#: numbers, records, and the device model's state
WIRE_PERMILLE = 1027
#: Xen's policy (tools/libs/guest/xg_sr_save.c, simple_precopy_policy): at most five
#: passes while the guest runs, fewer once fewer than 50 pages are dirty; then one more
#: while it stands still
MOST_PASSES = 6
#: seconds over which the rate is taken
WINDOW = 5.0
#: seconds below which two samples make no rate
LEAST_SPAN = 0.05

#: states in which memory goes over
_COPYING = (MigrationState.COPYING, MigrationState.STOPPED)


@dataclasses.dataclass(frozen=True)
class _Point:
    """A count of bytes at seconds since the start, on a clock that never goes back."""

    at: float
    sent: int


def progress(
    samples: Sequence[MigrationSample],
    memory: int,
    started: float,
    *,
    state: MigrationState | None = None,
    now: float | None = None,
    kind: MigrationKind = MigrationKind.LIVE,
    downtime: float | None = None,
    throttled: bool = False,
) -> MigrationProgress:
    """What is known after ``samples``, which are in the order they were taken.

    :param memory: the guest's memory in bytes
    :param started: seconds since the epoch, by the clock of the samples
    :param state: where the migration is; None for where it was at the last sample
    :param now: seconds since the epoch; None for the moment of the last sample
    :param downtime: seconds, as measured elsewhere; None while it is not
    """
    if state is None:
        state = samples[-1].state if samples else MigrationState.CHECKING
    moments = [started, *(sample.at for sample in samples)]
    times = _steady([*moments, moments[-1] if now is None else now])
    points = _points(samples, times[1:-1])
    elapsed = times[-1]
    pass_bytes = memory * WIRE_PERMILLE // 1000
    passes = MOST_PASSES if kind is MigrationKind.LIVE else 1
    sent = points[-1].sent if points else None
    rate = _rate(points, elapsed) if state in _COPYING else None
    return MigrationProgress(
        state=state,
        elapsed=elapsed,
        bytes_sent=sent,
        memory=memory,
        rate=rate,
        passes=_passes(sent, pass_bytes, passes),
        dirty_rate=_dirty_rate(points, pass_bytes) if passes > 1 else None,
        remaining=_remaining(sent, pass_bytes, passes, rate),
        downtime=downtime if downtime is not None and downtime >= 0 else None,
        throttled=throttled,
    )


def _steady(moments: Sequence[float]) -> tuple[float, ...]:
    """Seconds since the first of ``moments``; a clock set back stands still."""
    steps = (max(0.0, b - a) for a, b in itertools.pairwise(moments))
    return tuple(itertools.accumulate(steps, initial=0.0))


def _points(
    samples: Sequence[MigrationSample], times: Sequence[float]
) -> tuple[_Point, ...]:
    """The samples that were measured; what was sent stays sent."""
    measured = [
        (at, sample.bytes_sent)
        for at, sample in zip(times, samples, strict=True)
        if sample.bytes_sent is not None
    ]
    highest = itertools.accumulate((sent for _, sent in measured), max)
    return tuple(
        _Point(at, max(0, sent))
        for (at, _), sent in zip(measured, highest, strict=True)
    )


def _rate(points: Sequence[_Point], now: float) -> float | None:
    """Bytes a second over the last WINDOW seconds; None when nothing measured them."""
    recent = [point for point in points if point.at >= now - WINDOW]
    return _slope(recent[0], recent[-1]) if recent else None


def _slope(first: _Point, last: _Point) -> float | None:
    span = last.at - first.at
    return (last.sent - first.sent) / span if span >= LEAST_SPAN else None


def _passes(sent: int | None, pass_bytes: int, most: int) -> int | None:
    """How often memory has gone over, at least: a pass may be smaller than memory."""
    if sent is None or pass_bytes <= 0:
        return None
    return min(sent // pass_bytes, most)


def _dirty_rate(points: Sequence[_Point], pass_bytes: int) -> float | None:
    """Bytes a second beyond the first pass, since then: what was sent again."""
    again = [point for point in points if point.sent >= pass_bytes > 0]
    return _slope(again[0], again[-1]) if again else None


def _remaining(
    sent: int | None, pass_bytes: int, passes: int, rate: float | None
) -> float | None:
    """Seconds that are left, an estimate.

    In the first pass what is left of it, as for a guest that changes nothing. Then as
    long again as has been sent again so far, but never more than the passes that Xen
    makes at most.
    """
    if sent is None or not rate or pass_bytes <= 0:
        return None
    left = pass_bytes - sent
    if left < 0:
        left = min(-left, max(0, passes * pass_bytes - sent))
    return left / rate
