# SPDX-License-Identifier: Apache-2.0
"""The root of all errors."""

import re
from typing import Any

#: what would move the cursor, forge a line of a log, or not be encoded at all
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _printable(value: Any) -> Any:
    """A text with its control characters written out and its line ends as spaces."""
    if not isinstance(value, str):
        return value
    joined = " ".join(value.splitlines())
    return _UNPRINTABLE.sub(
        lambda found: found.group().encode("unicode_escape").decode(), joined
    )


class NovaXenError(Exception):
    """Base of all errors; ``str(error)`` is the sentence shown to the user."""

    msg_fmt = "An unknown error occurred."

    def __init__(self, **context: Any) -> None:
        self.context = context
        printable = {name: _printable(value) for name, value in context.items()}
        self.sentence = self.msg_fmt % printable
        #: further lines for the reader, such as the tail of a log
        self.details: tuple[str, ...] = ()
        super().__init__(self.sentence)

    def with_details(self, lines: tuple[str, ...]) -> "NovaXenError":
        """Attach further lines (the tail of a log) and return the error itself."""
        self.details = lines
        return self
