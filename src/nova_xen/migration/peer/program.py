# SPDX-License-Identifier: Apache-2.0
"""A program that answers lines with lines, and that may do anything else instead."""

import collections
import contextlib
import os
import select
import selectors
import signal
import subprocess  # nosec B404
import time
from typing import IO

_CHUNK = 64 * 1024
#: seconds for a program whose input has ended
_GRACE = 5.0
#: lines and bytes of what it complained about last
_TAIL = 20
_ERRORS = 16 * 1024


class Broken(Exception):
    """The program is of no use any more; says why."""


class Program:
    """A running program, alone in its process group.

    :raises Broken: from each method; the caller ends the program then
    """

    def __init__(self, command: tuple[str, ...], largest: int) -> None:
        self._largest = largest
        self._answers = bytearray()
        self._errors = bytearray()
        self._open: set[IO[bytes]] = set()
        try:
            self._process = subprocess.Popen(  # nosec B603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise Broken(f"{command[0]} cannot be run ({error})") from error
        piped = (self._process.stdin, self._process.stdout, self._process.stderr)
        streams = [stream for stream in piped if stream]
        self._input, self._output, self._complaints = streams
        for stream in streams:
            os.set_blocking(stream.fileno(), False)
        self._open = {self._output, self._complaints}
        self._ended = os.pidfd_open(self._process.pid)

    @property
    def complaints(self) -> tuple[str, ...]:
        """The last lines of what it wrote to stderr."""
        lines = self._errors.decode(errors="replace").splitlines()
        kept = collections.deque((line for line in lines if line.strip()), _TAIL)
        return tuple(kept)

    def exchange(self, line: bytes, seconds: float) -> bytes:
        """Send a line, which may be empty for none, and give the next one it prints."""
        if b"\n" in self._answers:
            raise Broken("it answers without being asked")
        end = time.monotonic() + seconds
        left = memoryview(line)
        while b"\n" not in self._answers or left:
            left = self._step(left, end, seconds)
        answer, _, rest = bytes(self._answers).partition(b"\n")
        self._answers[:] = rest
        return answer

    def _step(self, left: memoryview, end: float, seconds: float) -> memoryview:
        """Move what can be moved now; gives what is still to be sent."""
        with selectors.DefaultSelector() as selector:
            for stream in self._open:
                selector.register(stream, selectors.EVENT_READ)
            if left:
                selector.register(self._input, selectors.EVENT_WRITE)
            ready = selector.select(max(end - time.monotonic(), 0))
        if not ready:
            raise Broken(f"it gave no answer within {seconds:g} seconds")
        for key, _events in ready:
            if key.fileobj is self._input:
                left = self._send(left)
            elif key.fileobj is self._output:
                self._hear(self._output)
            else:
                self._hear(self._complaints)
        if time.monotonic() >= end and b"\n" not in self._answers:
            raise Broken(f"it gave no whole answer within {seconds:g} seconds")
        return left

    def _send(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self._input.fileno(), left) :]
        except BlockingIOError:
            return left
        except OSError:
            raise Broken(self._ending()) from None

    def _hear(self, stream: IO[bytes]) -> None:
        chunk = os.read(stream.fileno(), _CHUNK)
        if stream is self._complaints:
            self._errors[:] = (self._errors + chunk)[-_ERRORS:]
            if not chunk:
                self._open.discard(stream)
            return
        self._answers += chunk
        if not chunk:
            raise Broken(self._ending())
        if len(self._answers) > self._largest:
            raise Broken(f"its answer has more than {self._largest} bytes")

    def _ending(self) -> str:
        """How it ended, once its output did; what it still complained is kept."""
        self._wait()
        with contextlib.suppress(BlockingIOError):
            while self._complaints in self._open:
                self._hear(self._complaints)
        last = self.complaints[-1] if self.complaints else "and said nothing"
        # it is not reaped yet: its number names its group until that is killed
        how = os.waitid(
            os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT
        )
        if how is None:
            return f"it closed its end of the line ({last})"
        if how.si_code == os.CLD_EXITED:
            return f"it ended with the code {how.si_status} ({last})"
        return f"it was ended by {signal.Signals(how.si_status).name} ({last})"

    def _wait(self) -> None:
        """Give it a moment to end."""
        # unlike select(2) it takes descriptors of any number
        poll = select.poll()
        poll.register(self._ended, select.POLLIN)
        poll.poll(_GRACE * 1000)

    def close(self) -> None:
        """Let it end by the end of its input; kill it when it does not."""
        with contextlib.suppress(OSError):
            self._input.close()
        self._wait()
        self.kill()

    def kill(self) -> None:
        """End it and what it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        for stream in (self._input, self._output, self._complaints):
            with contextlib.suppress(OSError):
                stream.close()
        os.close(self._ended)
