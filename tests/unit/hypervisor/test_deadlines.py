# SPDX-License-Identifier: Apache-2.0
"""Calls that end, fail and hang, under deadlines."""

from __future__ import annotations

import sys
import threading
import types

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.deadlines import (
    Deadlines,
    Job,
    Kind,
    Runner,
    Signal,
    Worker,
    real_threading,
)

LONG = 60.0
SHORT = 0.05


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_deadline(kind: Kind) -> None:
    assert Deadlines().of(kind) > 0
    assert Deadlines(**{kind.value: 7.5}).of(kind) == 7.5


def test_the_result_comes_back_from_another_thread() -> None:
    thread = Runner().run("asking", LONG, threading.current_thread)
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_threads_are_used_again() -> None:
    runner = Runner()
    threads = {runner.run("asking", LONG, threading.get_ident) for _ in range(20)}
    assert len(threads) == 1


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_the_caller_sees_the_calls_own_error(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        Runner().run("asking", LONG, fail)
    assert caught.value is error


def test_a_hung_call_is_left_behind_and_named() -> None:
    runner, release = Runner(), threading.Event()
    with pytest.raises(exceptions.DeadlineExceeded, match="while starting server web1"):
        runner.run("starting server web1", SHORT, release.wait)
    assert runner.hung == 1
    assert runner.run("asking", LONG, lambda: 5) == 5
    release.set()


def test_a_call_that_ends_late_counts_as_hung_no_more() -> None:
    runner, release, ended = Runner(), threading.Event(), threading.Event()

    def call() -> None:
        release.wait()
        ended.set()

    with pytest.raises(exceptions.DeadlineExceeded):
        runner.run("waiting", SHORT, call)
    release.set()
    assert ended.wait(LONG)
    while runner.hung:
        threading.Event().wait(0.01)
    assert runner.hung == 0


def test_an_answer_of_an_earlier_call_is_not_taken_for_this_ones() -> None:
    worker = Worker()
    worker._finished.raise_()
    job = Job(lambda: threading.Event().wait(0.1))
    assert worker.do(job, LONG) is True
    assert job.done
    worker.dismiss()


def test_many_hung_calls_stop_further_ones() -> None:
    runner, release = Runner(max_hung=2), threading.Event()
    for _ in range(2):
        with pytest.raises(exceptions.DeadlineExceeded):
            runner.run("waiting", SHORT, release.wait)
    calls: list[int] = []
    with pytest.raises(exceptions.HypervisorError, match="restart libvirtd"):
        runner.run("asking", LONG, lambda: calls.append(1))
    assert calls == []
    release.set()


def test_many_threads_may_call_at_once() -> None:
    runner, barrier = Runner(max_idle=2), threading.Barrier(6)
    results: list[int] = []

    def caller() -> None:
        results.append(runner.run("meeting", LONG, barrier.wait))

    callers = [threading.Thread(target=caller) for _ in range(6)]
    for each in callers:
        each.start()
    for each in callers:
        each.join(LONG)
    assert sorted(results) == list(range(6))
    runner.close()
    assert runner.run("asking", LONG, lambda: 5) == 5


def test_a_signal_is_kept_until_waited_for() -> None:
    signal = Signal()
    assert signal.wait(0) is False
    signal.raise_()
    signal.raise_()
    assert signal.wait(LONG) is True
    assert signal.wait(0) is False
    signal.close()


def test_a_full_pipe_of_signals_does_not_block() -> None:
    signal = Signal()
    for _ in range(200_000):
        signal.raise_()
    assert signal.wait(0) is True


@pytest.mark.parametrize("patched", [True, False])
def test_real_threads_are_used_where_threading_was_replaced(
    monkeypatch: pytest.MonkeyPatch, patched: bool
) -> None:
    original = types.ModuleType("original threading")
    patcher = types.ModuleType("eventlet.patcher")
    patcher.is_monkey_patched = lambda name: patched  # type: ignore[attr-defined]
    patcher.original = lambda name: original  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "eventlet.patcher", patcher)
    assert real_threading() is (original if patched else threading)
