# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen.cli.progress import CLEAR, ProgressLine, draw
from unit.cli.stub import Stream


@pytest.mark.parametrize(
    ("fraction", "end"),
    [
        (-1.0, f"[{'.' * 30}]   0%"),
        (0.0, f"[{'.' * 30}]   0%"),
        (0.5, f"[{'#' * 15}{'.' * 15}]  50%"),
        (1.0, f"[{'#' * 30}] 100%"),
        (7.0, f"[{'#' * 30}] 100%"),
    ],
)
def test_draw(fraction: float, end: str) -> None:
    assert draw("copy", fraction, 80) == f"copy {end}"


@pytest.mark.parametrize("columns", [0, 1, 5, 30, 38, 39, 60])
def test_a_line_never_fills_the_terminal(columns: int) -> None:
    assert len(draw("a long word for what is done", 0.3, columns)) <= max(
        columns - 1, 0
    )


def test_what_is_done_cannot_move_the_cursor() -> None:
    assert draw("a\n\x1bb", 0.0, 80).startswith("a \\x1bb [")


def test_it_draws_on_a_terminal_and_wipes_its_line() -> None:
    stream = Stream(terminal=True)
    with ProgressLine(stream) as progress:
        progress("copy", 0.001)
        progress("copy", 0.002)
        progress("copy", 1.0)
    written = stream.bytes.decode()
    assert written.count(CLEAR) == 3
    assert written.endswith("100%" + CLEAR)


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_it_is_silent_elsewhere(terminal: bool, quiet: bool) -> None:
    stream = Stream(terminal=terminal)
    with ProgressLine(stream, quiet=quiet) as progress:
        progress("copy", 0.5)
    assert stream.bytes == b""
