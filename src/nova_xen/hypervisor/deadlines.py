# SPDX-License-Identifier: Apache-2.0
"""Every call of libvirt can hang, so each runs on a thread of its own, with a deadline.

A call that gives no answer in time is left behind on its (daemon) thread and the
caller is told. Threads are kept for the next call, so a call costs no new one.

The threads are the system's own even where ``threading`` was replaced, as a service
under eventlet does: a green thread inside C code would stop the whole process. The
caller waits on a pipe, which green and real threads alike can wait for.
"""

import contextlib
import dataclasses
import enum
import os
import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from nova_xen import exceptions

MAX_HUNG = 50


class Kind(enum.StrEnum):
    """The kinds of call by how long they may take."""

    OPEN = "open"
    QUERY = "query"
    DEFINE = "define"
    CREATE = "create"
    SHUTDOWN = "shutdown"
    REBOOT = "reboot"
    DESTROY = "destroy"
    SUSPEND = "suspend"
    RESUME = "resume"
    SAVE = "save"
    RESTORE = "restore"
    DEVICE = "device"
    MIGRATE = "migrate"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deadlines:
    """Seconds that a call of each kind may take.

    A failed create took libxl 31 s for a missing bridge, a destroy 4 s, a shutdown
    60 s where the guest does not listen; the defaults leave room for a busy host.
    """

    open: float = 30
    query: float = 30
    define: float = 60
    create: float = 300
    shutdown: float = 120
    reboot: float = 60
    destroy: float = 120
    suspend: float = 60
    resume: float = 60
    save: float = 1800
    restore: float = 1800
    device: float = 120
    migrate: float = 86400

    def of(self, kind: Kind) -> float:
        """Seconds for calls of this kind."""
        seconds: float = getattr(self, kind.value)
        return seconds


def real_threading() -> Any:
    """The ``threading`` module as Python ships it, whoever replaced parts of it."""
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        return patcher.original("threading")
    return threading


class Signal:
    """A flag that any kind of thread may raise and one waiter waits for."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # kept, for making one costs more than most calls of libvirt
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._reader, selectors.EVENT_READ)

    def raise_(self) -> None:
        """Wake the waiter; once is as good as often."""
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:
            return  # the pipe is full of earlier signals

    def wait(self, seconds: float | None) -> bool:
        """Wait for the flag and lower it; False when ``seconds`` went by first."""
        if not self._selector.select(seconds):
            return False
        os.read(self._reader, 4096)
        return True

    def close(self) -> None:
        """Give the pipe back; nobody may use the flag afterwards."""
        self._selector.close()
        os.close(self._reader)
        os.close(self._writer)


class Job:
    """One call: what to do, and what came of it."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do it, on the worker's thread."""
        try:
            self.result = self.function()
        except BaseException as error:
            self.error = error
        self.done = True

    def outcome(self) -> Any:
        """The result, or the error that the call raised."""
        if self.error is not None:
            raise self.error
        return self.result


class Worker:
    """A thread that does one job after the other until it is dismissed."""

    def __init__(self) -> None:
        self._finished = Signal()
        self._jobs: deque[Job | None] = deque()
        real = real_threading()
        self._given = real.Semaphore(0)
        real.Thread(target=self._loop, name="nova-xen-call", daemon=True).start()

    def do(self, job: Job, seconds: float) -> bool:
        """Let the thread do ``job``; False when it took longer than ``seconds``."""
        self._give(job)
        end = time.monotonic() + seconds
        while not job.done:
            left = end - time.monotonic()
            if left <= 0 or not self._finished.wait(left):
                break
        return job.done

    def dismiss(self) -> None:
        """Let the thread end once the job it has, if any, is done."""
        self._give(None)

    def _give(self, job: Job | None) -> None:
        self._jobs.append(job)
        self._given.release()

    def _loop(self) -> None:
        while True:
            self._given.acquire()
            job = self._jobs.popleft()
            if job is None:
                break
            job.run()
            self._finished.raise_()
        self._finished.close()


class Runner:
    """Runs calls under deadlines; shared by all threads of a connection."""

    def __init__(self, *, max_hung: int = MAX_HUNG, max_idle: int = 8) -> None:
        self._max_hung = max_hung
        self._max_idle = max_idle
        self._idle: deque[Worker] = deque()
        self._hung: list[Job] = []

    @property
    def hung(self) -> int:
        """How many calls were left behind and still have no answer."""
        self._hung = [job for job in self._hung if not job.done]
        return len(self._hung)

    def run(self, doing: str, seconds: float, function: Callable[[], Any]) -> Any:
        """The result of ``function()``, run on a thread of its own.

        :raises DeadlineExceeded: there was no answer within ``seconds``
        :raises HypervisorError: too many earlier calls hang already
        """
        if self.hung >= self._max_hung:
            why = f"{self._max_hung} earlier calls had no answer; restart libvirtd"
            raise exceptions.HypervisorError(doing=doing, server="", why=why, code=None)
        job, worker = Job(function), self._worker()
        if not worker.do(job, seconds):
            self._hung.append(job)
            worker.dismiss()
            raise exceptions.DeadlineExceeded(
                seconds=seconds, doing=doing, server="", code=None
            )
        self._keep(worker)
        return job.outcome()

    def _worker(self) -> Worker:
        try:
            return self._idle.pop()
        except IndexError:
            return Worker()

    def _keep(self, worker: Worker) -> None:
        if len(self._idle) < self._max_idle:
            self._idle.append(worker)
        else:
            worker.dismiss()

    def close(self) -> None:
        """End the idle threads."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().dismiss()
