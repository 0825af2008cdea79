# SPDX-License-Identifier: Apache-2.0
"""Where long work is, as a line: drawn anew on a terminal, else now and then."""

import shutil
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from nova_xen.cli.progress import CLEAR
from nova_xen.cli.terminal import one_line

#: seconds between two lines that stay
INTERVAL = 30.0
#: seconds after which it is told what takes so long
PATIENCE = 3.0


def fit(text: str, columns: int) -> str:
    """The text in less than ``columns`` characters: what it is about goes first."""
    line, room = one_line(text), max(columns - 1, 0)
    if len(line) > room:
        line = line.partition(": ")[2] or line
    return line[:room]


class LiveLine:
    """Call it with the line and the step that it belongs to.

    On a terminal each call draws it anew, and as a context manager it wipes it at the
    end. Elsewhere a line is written when the step is another one or 30 seconds have
    gone by.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._clock = clock
        self._terminal = stream.isatty()
        self._drawn = ""
        self._step: str | None = None
        self._written = 0.0

    def __call__(self, text: str, step: str) -> None:
        if self._quiet:
            return
        if self._terminal:
            self._draw(fit(text, shutil.get_terminal_size().columns))
        elif step != self._step or self._clock() - self._written >= INTERVAL:
            self._write(f"{one_line(text)}\n")
            self._step, self._written = step, self._clock()

    def wipe(self) -> None:
        """Make room for something else; the next call draws the line again."""
        if self._drawn:
            self._write(CLEAR)
            self._drawn = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.wipe()

    def _draw(self, line: str) -> None:
        if line != self._drawn:
            self._write(CLEAR + line)
            self._drawn = line

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class SlowLine:
    """Call it with what is done now; a line says it once that takes a few seconds.

    As a context manager it falls silent at the end.
    """

    def __init__(
        self, stream: TextIO, *, quiet: bool = False, patience: float = PATIENCE
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._patience = patience
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._told = ""

    def __call__(self, text: str) -> None:
        if self._quiet:
            return
        with self._lock:
            self._cancel()
            self._timer = threading.Timer(self._patience, self._tell, [text])
            self._timer.daemon = True
            self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._cancel()

    def _cancel(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _tell(self, text: str) -> None:
        with self._lock:
            # another thing may have begun while this thread woke up
            if self._timer is not threading.current_thread() or text == self._told:
                return
            self._told = text
            self._stream.write(f"{one_line(text)}.\n")
            self._stream.flush()
