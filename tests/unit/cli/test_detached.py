# SPDX-License-Identifier: Apache-2.0
"""Whatever the process that migrates says, the command that waits hears of its end."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading

import pytest

from nova_xen.cli import detached
from nova_xen.cli.detached import Detached, Done, Event, Failed, Gone, Warned
from unit.cli.migrations import ID

_FAILED = {"sentence": "No.", "details": ["a"], "unexpected": True}


def said(script: str) -> list[Event]:
    """All that is heard of a process, with its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import os\n{script}"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    child = Detached(process)
    events = [child.next()]
    while not isinstance(events[-1], Done | Failed | Gone):
        events.append(child.next())
    return events


@pytest.mark.parametrize(
    ("line", "events"),
    [
        (f'done "{ID}"\n', [Done(ID)]),
        ('warning "tcp"\ndone "x"\n', [Warned("tcp"), Done("x")]),
        (f"failed {json.dumps(_FAILED)}\n", [Failed("No.", ("a",), True)]),
        ("", [Gone("its exit code was 0")]),
        ('done "cut', [Gone("its exit code was 0")]),
        ("what a library prints\n", [Gone("its exit code was 0")]),
        ("progress {}\n", [Gone("its exit code was 0")]),
        ("\udcff\n", [Gone("its exit code was 0")]),
        ('failed "odd"\n', [Gone("its exit code was 0")]),
        ("failed {}\n", [Gone("its exit code was 0")]),
    ],
)
def test_what_is_said(line: str, events: list[Event]) -> None:
    content = line.encode(errors="surrogateescape")
    assert said(f"os.write(1, {content!r})") == events


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGKILL, "it was killed by SIGKILL"),
        (signal.SIGRTMIN + 1, "it was killed by signal 35"),
    ],
)
def test_how_it_ended(number: int, how: str) -> None:
    assert said(f"os.kill(os.getpid(), {int(number)})") == [Gone(how)]


def test_a_signal_is_heard_though_it_came_right_before_the_waiting() -> None:
    """The kernel gives it to another thread here, so that nothing wakes this one."""
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: events.put("heard"))
    waits = threading.Event()

    def send() -> None:
        waits.wait()
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        waits.set()
        assert detached.next_of(events) == "heard"
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, before)
        thread.join()
