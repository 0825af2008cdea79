# SPDX-License-Identifier: Apache-2.0
"""What the watch sees, heeds and survives."""

import itertools
import logging
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.migration.control import Wish
from nova_xen.migration.monitor import SPARED, STALLED
from nova_xen.migration.storage import INTERVAL
from nova_xen.model import MigrationKind, MigrationState, TimeoutAction
from nova_xen.planning.migration.timeout import TimeoutPlan
from unit.migration.watching import DOMID, FILES, SOCKET, Watched

S = MigrationState
FORCE, ABORT = TimeoutAction.FORCE_COMPLETE, TimeoutAction.ABORT


@pytest.fixture
def watch(tmp_path: pathlib.Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(*given: Any, **named: Any) -> Watched:
        made.append(Watched(tmp_path, *given, **named))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("stopped", "resumed", "state", "downtime"),
    [
        (None, None, S.COPYING, None),
        (1001.0, None, S.STOPPED, None),
        (1001.0, 1003.5, S.FINISHING, 2.5),
        (1004.0, 1003.5, S.FINISHING, 0.0),
        (None, 1003.5, S.COPYING, None),
    ],
)
def test_states_are_what_is_seen(
    watch: Callable[..., Watched],
    stopped: float | None,
    resumed: float | None,
    state: MigrationState,
    downtime: float | None,
) -> None:
    watched = watch()
    watched.stopped, watched.resumed = stopped, resumed
    watched.monitor.look()
    assert (watched.story.state, watched.story.record.downtime) == (state, downtime)


@pytest.mark.parametrize(("took", "waits"), [(0.001, 1.0), (0.02, 2.0), (0.5, 3.0)])
def test_looks_that_take_long_are_fewer(
    watch: Callable[..., Watched],
    monkeypatch: pytest.MonkeyPatch,
    took: float,
    waits: float,
) -> None:
    watched, asked = watch(), list[float]()
    spent = itertools.count(step=took)
    monkeypatch.setattr(time, "thread_time", lambda: next(spent))

    class Two:
        def wait(self, seconds: float) -> bool:
            asked.append(seconds)
            return len(asked) == 2

    watched.monitor.run(Two())  # type: ignore[arg-type]
    assert asked == [1.0, pytest.approx(waits)]


@pytest.mark.parametrize("found", [True, False])
def test_bytes_are_the_kernels(watch: Callable[..., Watched], found: bool) -> None:
    watched = watch()
    watched.sockets.found = SOCKET if found else None
    for acked in (1000, 2000, 1500, None):
        watched.sockets.acked = acked
        watched.monitor.look()
    assert watched.told[-1].bytes_sent == (2000 if found else None)


@pytest.mark.parametrize("wish", Wish)
def test_wishes_are_heeded(watch: Callable[..., Watched], wish: Wish) -> None:
    watched = watch()
    watched.wishes.ask(wish)
    watched.monitor.look()
    watched.monitor.look()
    assert watched.ending.aborted is (wish is Wish.ABORT)
    assert watched.caps == ([(DOMID, 10)] if wish is Wish.FORCE_COMPLETE else [])


@pytest.mark.parametrize("cap", [None, 50])
def test_who_is_asked_to_suspend_is_held_back_no_more(
    watch: Callable[..., Watched], cap: int | None
) -> None:
    watched = watch(cap=cap)
    watched.wishes.ask(Wish.FORCE_COMPLETE)
    watched.monitor.look()
    watched.monitor.look()
    assert watched.caps == [(DOMID, 10)]
    watched.to_suspend = True
    watched.monitor.look()
    watched.wishes.ask(Wish.FORCE_COMPLETE)
    watched.monitor.look()
    assert watched.caps == [(DOMID, 10), (DOMID, cap or 0)]
    assert watched.story.state is S.COPYING


def test_a_scheduler_that_fails_then_ends_no_watching(
    watch: Callable[..., Watched],
) -> None:
    watched = watch()
    watched.ending.force_complete("because")
    watched.scheduler, watched.stopped = "it is gone", 1001.0
    watched.monitor.look()
    assert (watched.story.throttled, watched.story.state) == (True, S.STOPPED)
    watched.scheduler = None
    watched.monitor.look()
    assert (watched.story.throttled, watched.story.state) == (False, S.STOPPED)


def test_an_abort_that_comes_before_the_connection(
    watch: Callable[..., Watched],
) -> None:
    watched = watch()
    watched.sockets.found, watched.peer.domains = None, ()
    watched.wishes.ask(Wish.ABORT)
    watched.monitor.look()
    assert not watched.ending.aborted
    watched.sockets.found = SOCKET
    watched.monitor.look()
    assert (watched.ending.why, watched.sockets.closed) == (
        "as it was asked for",
        [SOCKET],
    )


@pytest.mark.parametrize(
    ("action", "elapsed", "forced", "aborted"),
    [
        (ABORT, [9], False, False),
        (ABORT, [10], False, True),
        (FORCE, [10], True, False),
        (FORCE, [10, 19], True, False),
        (FORCE, [10, 20], True, True),
    ],
)
def test_a_timeout(
    watch: Callable[..., Watched],
    action: TimeoutAction,
    elapsed: list[int],
    forced: bool,
    aborted: bool,
) -> None:
    watched = watch(timeout=TimeoutPlan(10, action))
    for seconds in elapsed:
        watched.now = 1000.0 + seconds
        watched.monitor.look()
    assert (watched.ending.forced, watched.ending.aborted) == (forced, aborted)
    if aborted:
        assert f"longer than {elapsed[-1]} s" in watched.ending.why


@pytest.mark.parametrize("kind", MigrationKind)
@pytest.mark.parametrize(
    ("state", "acked", "aborted"),
    [
        # a live one stands still, its last bytes go over
        (S.STOPPED, [1000, 2000, 2001], False),
        (S.STOPPED, [1000, 2000, 2000], True),
        (S.STOPPED, [1000, 1000, 1000], True),
        # it runs: the timeout is for that
        (S.COPYING, [1000, 1000, 1000], False),
        (S.FINISHING, [1000, 1000, 1000], False),
    ],
)
def test_a_guest_does_not_stand_still_for_ever(
    watch: Callable[..., Watched],
    kind: MigrationKind,
    state: MigrationState,
    acked: list[int],
    aborted: bool,
) -> None:
    """A network that is cut in the last pass closes no connection."""
    watched = watch(state, kind)
    for seconds, count in zip((1, 40, 40 + STALLED), acked, strict=True):
        watched.now, watched.sockets.acked = 1000.0 + seconds, count
        watched.monitor.look()
    assert watched.sockets.closed == ([SOCKET] if aborted else [])
    assert watched.ending.aborted is aborted
    if aborted:
        assert "stood still" in watched.ending.why


@pytest.mark.parametrize(
    ("state", "kind", "aborted"),
    [
        (S.COPYING, MigrationKind.LIVE, True),
        (S.COPYING, MigrationKind.STOP_AND_COPY, True),
        (S.STOPPED, MigrationKind.STOP_AND_COPY, True),
        # it arrives in a moment
        (S.STOPPED, MigrationKind.LIVE, False),
        (S.FINISHING, MigrationKind.LIVE, False),
    ],
)
def test_a_disk_that_goes_away_there(
    watch: Callable[..., Watched],
    state: MigrationState,
    kind: MigrationKind,
    aborted: bool,
) -> None:
    watched = watch(state, kind)
    watched.monitor.look()
    watched.peer.gone = FILES[:1]
    watched.now += INTERVAL - 1
    watched.monitor.look()
    assert watched.ending.why == ""
    watched.now += 1
    watched.monitor.look()
    why = "xen2 does not have /srv/web/disk any more"
    assert watched.ending.why == (why if aborted else "")


def test_a_host_that_is_silent_is_asked_for_its_disks_once(
    watch: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    watched = watch()
    watched.peer.silent = True
    for _ in range(3):
        watched.monitor.look()
        watched.now += INTERVAL
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert (watched.peer.looked, len(warnings)) == (1, 1)
    assert not watched.ending.aborted


def test_a_scheduler_without_a_cap_is_aborted_in_the_end(
    watch: Callable[..., Watched],
) -> None:
    watched = watch(timeout=TimeoutPlan(10, FORCE))
    watched.scheduler = "no cap"
    for seconds in (10, 15, 20):
        watched.now = 1000.0 + seconds
        watched.monitor.look()
    assert watched.ending.aborted


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("odd"),
        exceptions.SocketsUnavailable(action="read", why="odd"),
    ],
)
def test_the_watch_goes_on_and_complains_once(
    watch: Callable[..., Watched],
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    watched = watch()
    watched.sockets.error = error
    watched.stopped = 1001.0
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            watched.monitor.look()
    assert watched.story.state is S.STOPPED
    assert len(watched.told) == 3
    assert len([each for each in caplog.records if "watching" in each.message]) == 1


class Pressing:
    """A call whose wait is interrupted so often, and which ends after an abort."""

    def __init__(self, watched: Watched, stops: list[BaseException]) -> None:
        self._watched, self._stops = watched, stops

    def start(self) -> None:
        """It has begun."""

    def wait(self, seconds: float | None = None) -> bool:
        if self._stops:
            raise self._stops.pop(0)
        return self._watched.ending.aborted


class Waited:
    """A call during whose waits things happen; it ends after the last."""

    def __init__(self, *happenings: Callable[[], None]) -> None:
        self._happenings = list(happenings)
        self.waits: list[float | None] = []

    def start(self) -> None:
        """It has begun."""

    def wait(self, seconds: float | None = None) -> bool:
        self.waits.append(seconds)
        self._happenings.pop(0)()
        return not self._happenings


@pytest.mark.parametrize(("interval", "spared"), [(30.0, SPARED), (0.2, 0.2)])
def test_the_last_pass_is_not_disturbed_at_first(
    watch: Callable[..., Watched],
    monkeypatch: pytest.MonkeyPatch,
    interval: float,
    spared: float,
) -> None:
    monkeypatch.setattr(time, "thread_time", lambda: 0.0)
    watched = watch(interval=interval)
    told = watched.told

    def suspend() -> None:
        watched.to_suspend = True

    def look_back() -> None:
        assert told == []
        assert watched.caps == [(DOMID, 0)], "it is let go at once all the same"
        watched.stopped = 1001.0

    watched.ending.force_complete("because")
    watched.caps.clear()
    call: Any = Waited(suspend, look_back, lambda: None, lambda: None)
    watched.run(call)
    assert call.waits == [interval, spared, interval, interval]
    assert [progress.state for progress in told] == [S.STOPPED] * len(told)
    assert len(told) == 3


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_aborts_and_waits_for_the_end(
    watch: Callable[..., Watched], stop: type[BaseException]
) -> None:
    watched = watch()
    call: Any = Pressing(watched, [stop()])
    watched.run(call)
    assert watched.ending.why == "its process was interrupted"
    assert watched.sockets.closed == [SOCKET]


def test_a_second_interrupt_leaves(watch: Callable[..., Watched]) -> None:
    watched = watch()
    call: Any = Pressing(watched, [KeyboardInterrupt(), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        watched.run(call)


def test_an_interrupt_that_is_too_late_changes_nothing(
    watch: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    watched = watch(S.STOPPED)
    looks = iter([False, False, True])

    class Late(Pressing):
        def wait(self, seconds: float | None = None) -> bool:
            return super().wait(seconds) or next(looks)

    call: Any = Late(watched, [KeyboardInterrupt()])
    with caplog.at_level(logging.WARNING):
        watched.run(call)
    assert (watched.ending.aborted, watched.story.state) == (False, S.STOPPED)
    assert "cannot be aborted" in caplog.text


@pytest.mark.parametrize(("state", "aborted"), [(S.COPYING, True), (S.STOPPED, False)])
def test_what_nothing_would_keep_from_running_twice_is_aborted(
    watch: Callable[..., Watched], state: MigrationState, aborted: bool
) -> None:
    watched = watch(state)
    watched.monitor.look()
    assert not watched.ending.aborted
    watched.failed = "it ended (-9)"
    watched.monitor.look()
    why = "what keeps it from running on both hosts has failed: it ended (-9)"
    assert watched.ending.why == (why if aborted else "")
