# SPDX-License-Identifier: Apache-2.0
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.cli.terminal import ConsoleText, console_text, one_line, shown


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (b"plain\n\ttext\n", "plain\n\ttext\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b[2J\x1b[1;1Hhome", "home"),
        (b"\x1b]0;title\x07x", "x"),
        (b"\x1b]0;title\x1b\\x", "x"),
        (b"\x1bPdevice\x1b\\x", "x"),
        (b"\x1b(Bx", "x"),
        (b"\x1bcx", "x"),
        (b"line\r\nnext", "line\nnext"),
        (b"over\rwritten", "over\nwritten"),
        (b"a\r\r\nb", "a\nb"),
        (b"a\r\x1b[Kb", "a\nb"),
        (b"bell\x07\x08", "bell\\x07\\x08"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        (b"\xff", "\ufffd"),
        ("\u202eabc".encode(), "\\u202eabc"),
        (b"\x1b]hidden\nseen", "\nseen"),
        (b"\x1b[\nseen", "\nseen"),
        (b"\x1b", ""),
        ("ü€😀".encode(), "ü€😀"),
    ],
)
def test_console_text(printed: bytes, text: str) -> None:
    assert console_text(printed) == text


@given(st.binary())
def test_nothing_reaches_the_terminal_that_it_obeys(printed: bytes) -> None:
    for character in console_text(printed):
        kind = unicodedata.category(character)
        assert character in "\n\t" or kind not in ("Cc", "Cf", "Cs", "Zl", "Zp")


@given(st.lists(st.binary()))
def test_pieces_give_the_same_as_the_whole(pieces: list[bytes]) -> None:
    text = ConsoleText()
    parts = [text.feed(piece) for piece in pieces]
    parts.append(text.feed(b"", final=True))
    assert "".join(parts) == console_text(b"".join(pieces))


@given(st.text(st.characters(codec="utf-8")))
def test_one_line_is_one_line_that_prints(text: str) -> None:
    assert one_line(text).isprintable()


@pytest.mark.parametrize(
    ("name", "seen"), [("web", "web"), ("a\nb", "'a\\nb'"), ("\x1b[m", "'\\x1b[m'")]
)
def test_names_that_do_not_print_are_shown_as_repr(name: str, seen: str) -> None:
    assert shown(name) == seen
