# SPDX-License-Identifier: Apache-2.0
"""Text from guests and from elsewhere, made safe to show on a terminal.

A terminal obeys escape sequences: they set its title, its keys, or hide what was
printed. So sequences are left out, and other characters that do not print are written
as escapes.
"""

import codecs
import enum

ESCAPE = "\x1b"
BELL = "\x07"
#: what opens a string that a terminal reads up to BEL or ESC \ (ECMA-48 8.3, xterm)
STRINGS = "]PX^_"
KEPT = "\n\t"


def visible(character: str) -> str:
    """The character if it prints, else its Python escape."""
    if character.isprintable() or character in KEPT:
        return character
    return character.encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """The text on one line: white space joined, what does not print escaped."""
    return "".join(map(visible, " ".join(text.split())))


def shown(name: str) -> str:
    """The name, or its repr when a character of it does not print."""
    return name if name.isprintable() else repr(name)


class _State(enum.Enum):
    TEXT = enum.auto()
    ESCAPE = enum.auto()
    #: ESC and intermediate bytes, such as the choice of a character set
    INTERMEDIATE = enum.auto()
    CONTROL = enum.auto()
    STRING = enum.auto()


class ConsoleText:
    """What a guest printed, as safe text; bytes may come in pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._state = _State.TEXT
        self._carriage_return = False

    def feed(self, untrusted: bytes, *, final: bool = False) -> str:
        """The text of the next piece; ``final`` when there is no other."""
        text = self._decoder.decode(untrusted, final)
        return "".join(map(self._next, text))

    def _next(self, character: str) -> str:
        match self._state:
            case _State.TEXT:
                return self._text(character)
            case _State.ESCAPE:
                return self._after_escape(character)
            case _State.INTERMEDIATE:
                return self._until(character, " ", "/")
            case _State.CONTROL:
                return self._until(character, " ", "?")
            case _State.STRING:
                return self._string(character)

    def _text(self, character: str) -> str:
        returned, self._carriage_return = self._carriage_return, character == "\r"
        # a lone carriage return would let a line be overwritten by the next
        start = "\n" if returned and character not in "\r\n" else ""
        if character == "\r":
            return start
        if character == ESCAPE:
            self._state = _State.ESCAPE
            self._carriage_return = returned
            return ""
        return start + visible(character)

    def _after_escape(self, character: str) -> str:
        if character == "[":
            self._state = _State.CONTROL
        elif character in STRINGS:
            self._state = _State.STRING
        elif " " <= character <= "/":
            self._state = _State.INTERMEDIATE
        else:
            return self._end(character)
        return ""

    def _until(self, character: str, first: str, last: str) -> str:
        return "" if first <= character <= last else self._end(character)

    def _string(self, character: str) -> str:
        if character == BELL:
            self._state = _State.TEXT
            return ""
        # an end of line ends the string too: a guest shall not hide what follows
        return self._end(character) if character in "\x1b\r\n" else ""

    def _end(self, character: str) -> str:
        """Leave a sequence; its last character belongs to it unless it is a control."""
        self._state = _State.TEXT
        return "" if " " <= character <= "~" else self._text(character)


def console_text(untrusted: bytes) -> str:
    """All of what a guest printed, as safe text."""
    return ConsoleText().feed(untrusted, final=True)
