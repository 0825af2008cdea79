# SPDX-License-Identifier: Apache-2.0
"""Run a program to its end and notice when it hangs.

Alive is who prints, or whose counters of bytes and processor time move: a copy of a
large disk from a slow one prints nothing for minutes, and a dead NFS server stops all.
"""

import contextlib
import dataclasses
import os
import selectors
import subprocess  # nosec B404
import time
from collections.abc import Callable, Iterator, Mapping
from typing import IO

from nova_xen.model import MIB

_LOOK_EVERY = 1.0
#: a process in an uninterruptible wait does not even die
_GRACE = 5.0
_CHUNK = 64 * 1024
#: bytes of output; nothing that is run here has much to say
_MOST_OUTPUT = 16 * MIB
_MOST_ERRORS = 64 * 1024

Watch = Callable[[str], None]


class GaveUp(Exception):
    """The program was killed, and why."""


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a program ended and what it printed, of its errors the last."""

    code: int
    output: str
    errors: str


def run_process(
    command: tuple[str, ...],
    *,
    environment: Mapping[str, str],
    stall: float,
    watch: Watch | None = None,
    descriptors: tuple[int, ...] = (),
) -> Ended:
    """Run ``command``, handing each line it prints to ``watch`` at once.

    A carriage return ends a line too. When ``watch`` raises, the program is killed.
    Pipes take both its outputs, since its limits may forbid it to write files.

    :param stall: seconds it may go without any sign of progress
    :param descriptors: what it inherits beside its standard streams
    :raises OSError: it could not be started
    :raises GaveUp: it was killed, for that or for printing without end
    """
    process = subprocess.Popen(  # nosec B603
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=descriptors,
    )
    streams = [stream for stream in (process.stdout, process.stderr) if stream]
    try:
        output, pulse = _Output(watch), _Pulse(process.pid, stall)
        errors = bytearray()
        for stream, chunk in _chunks(streams, pulse):
            if stream is process.stdout:
                output.add(chunk)
            else:
                errors = (errors + chunk)[-_MOST_ERRORS:]
        code = _end_of(process, pulse)
    except BaseException:
        _kill(process)
        raise
    finally:
        for stream in streams:
            stream.close()
    return Ended(code, output.text(), errors.decode(errors="replace"))


def _end_of(process: "subprocess.Popen[bytes]", pulse: "_Pulse") -> int:
    """Its exit code; it may go on for long after it has closed its outputs."""
    while True:
        try:
            return process.wait(pulse.interval)
        except subprocess.TimeoutExpired:
            pulse.check()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)


def _chunks(
    streams: list[IO[bytes]], pulse: "_Pulse"
) -> Iterator[tuple[IO[bytes], bytes]]:
    """What comes, from which of the streams, until all are closed."""
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ, stream)
        while selector.get_map():
            ready = selector.select(pulse.interval)
            if not ready:
                pulse.check()
            for key, _events in ready:
                pulse.beat()
                if chunk := os.read(key.fd, _CHUNK):
                    yield key.data, chunk
                else:
                    selector.unregister(key.fileobj)


class _Output:
    """What a program prints, and the telling of its lines."""

    def __init__(self, watch: Watch | None) -> None:
        self._printed = bytearray()
        self._told = 0
        self._watch = watch

    def add(self, chunk: bytes) -> None:
        """Take more; the lines that end with it are told."""
        self._printed += chunk
        if len(self._printed) > _MOST_OUTPUT:
            raise GaveUp(f"it printed more than {_MOST_OUTPUT // MIB} MiB")
        end = max(self._printed.rfind(b"\n"), self._printed.rfind(b"\r")) + 1
        if self._watch is not None and end > self._told:
            lines = self._printed[self._told : end].decode(errors="replace")
            self._told = end
            for line in lines.splitlines():
                self._watch(line)

    def text(self) -> str:
        return self._printed.decode(errors="replace")


class _Pulse:
    """When a process was last seen to move."""

    def __init__(self, pid: int, stall: float) -> None:
        self._pid = pid
        self.stall = stall
        self._counters = self._read()
        self._last = time.monotonic()

    @property
    def interval(self) -> float:
        """Seconds after which it is looked at again."""
        return min(_LOOK_EVERY, self.stall)

    def beat(self) -> None:
        self._last = time.monotonic()

    def check(self) -> None:
        """See whether it moved.

        :raises GaveUp: not for too long
        """
        counters = self._read()
        if counters != self._counters:
            self._counters = counters
            self.beat()
        elif time.monotonic() - self._last >= self.stall:
            raise GaveUp(f"it did nothing for {self.stall:g} seconds")

    def _read(self) -> tuple[bytes, ...]:
        """Bytes read and written, and ticks of the processor, of all its threads."""
        try:
            with open(f"/proc/{self._pid}/io", "rb") as counters:
                moved = counters.read()
            with open(f"/proc/{self._pid}/stat", "rb") as status:
                ticks = status.read().rpartition(b")")[2].split()[11:13]
        except OSError:
            return ()
        return (moved, *ticks)
