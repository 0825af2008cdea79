# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen.cli.live import LiveLine, fit
from nova_xen.cli.progress import CLEAR
from unit.cli.stub import Stream


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (80, "web1 -> xen2: copying, 37 s"),
        (28, "web1 -> xen2: copying, 37 s"),
        (27, "copying, 37 s"),
        (10, "copying, "),
        (1, ""),
        (0, ""),
    ],
)
def test_fit(columns: int, line: str) -> None:
    assert fit("web1 -> xen2: copying, 37 s", columns) == line


def test_what_is_told_cannot_move_the_cursor() -> None:
    assert fit("a\n\x1b[2J", 80) == "a \\x1b[2J"


def test_a_terminal_shows_the_newest_line_alone() -> None:
    stream = Stream(terminal=True)
    with LiveLine(stream) as live:
        for text in ("one", "one", "two"):
            live(text, "copying")
    assert stream.bytes.decode() == f"{CLEAR}one{CLEAR}two{CLEAR}"


def test_it_is_drawn_again_after_it_was_wiped() -> None:
    stream = Stream(terminal=True)
    live = LiveLine(stream)
    live("one", "copying")
    live.wipe()
    live.wipe()
    live("one", "copying")
    assert stream.bytes.decode() == f"{CLEAR}one{CLEAR}{CLEAR}one"


def test_elsewhere_a_line_comes_for_each_step_and_after_30_seconds() -> None:
    stream, now = Stream(), [0.0]
    with LiveLine(stream, clock=lambda: now[0]) as live:
        for second in range(65):
            now[0] = float(second)
            live(f"at {second}", "copying" if second < 40 else "stopped")
    assert stream.bytes.decode().split("\n") == ["at 0", "at 30", "at 40", ""]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet(terminal: bool) -> None:
    stream = Stream(terminal=terminal)
    with LiveLine(stream, quiet=True) as live:
        live("one", "copying")
    assert stream.bytes == b""
