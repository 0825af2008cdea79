# SPDX-License-Identifier: Apache-2.0
"""How far long work is, as one line that is drawn again and again."""

import shutil
from types import TracebackType
from typing import Self, TextIO

from nova_xen.cli.terminal import one_line

BAR = 30
CLEAR = "\r\x1b[K"


def draw(what: str, fraction: float, columns: int) -> str:
    """The line for ``fraction`` (0.0 to 1.0), in less than ``columns`` characters."""
    done = min(max(fraction, 0.0), 1.0)
    filled = int(done * BAR)
    bar = f" [{'#' * filled}{'.' * (BAR - filled)}] {done:4.0%}"
    room = columns - 1 - len(bar)
    if room <= 0:
        return f"{done:4.0%}"[: max(columns - 1, 0)]
    return one_line(what)[:room] + bar


class ProgressLine:
    """Draws on a terminal and keeps silent elsewhere; call it with what and how far.

    As a context manager it wipes its line at the end.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream = stream
        self._drawing = not quiet and stream.isatty()
        self._drawn = ""

    def __call__(self, what: str, fraction: float) -> None:
        if not self._drawing:
            return
        line = draw(what, fraction, shutil.get_terminal_size().columns)
        if line != self._drawn:
            self._write(CLEAR + line)
            self._drawn = line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            self._write(CLEAR)
            self._drawn = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
