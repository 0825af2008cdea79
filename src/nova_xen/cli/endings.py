# SPDX-License-Identifier: Apache-2.0
"""How a command ends: its exit code and the sentence on stderr."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from nova_xen import exceptions
from nova_xen.cli.signals import Interrupted
from nova_xen.cli.terminal import one_line

FAILED = 1
INTERRUPTED = 130
BROKEN_PIPE = 141


def exit_code(error: BaseException) -> int:
    """1 for a failure; 128 and the signal's number for a command that was stopped."""
    stop = next((e for e in _chain(error) if isinstance(e, KeyboardInterrupt)), None)
    if isinstance(stop, Interrupted):
        return 128 + stop.signum
    return FAILED if stop is None else INTERRUPTED


def lines(error: BaseException) -> list[str]:
    """What the user reads: one sentence, and details indented below."""
    details = getattr(error, "details", ())
    return [sentence(error), *(f"  {one_line(line)}" for line in details)]


def sentence(error: BaseException) -> str:
    """The error as one line."""
    if isinstance(error, KeyboardInterrupt):
        return one_line(" ".join(["Interrupted.", *getattr(error, "__notes__", ())]))
    if isinstance(error, exceptions.NovaXenError):
        return one_line(error.sentence)
    told = one_line(str(error)) or "no message"
    return (
        f"nova-xen failed unexpectedly ({type(error).__name__}: {told}); "
        "run it again with --debug and report what it prints."
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def never_fail_to_print(*streams: TextIO) -> None:
    """Have characters that the locale lacks written as escapes."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush(code: int) -> int:
    """Write out stdout; a reader that has gone away is no error worth a word."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = BROKEN_PIPE
    if code == BROKEN_PIPE:
        _drop_output()
    return code


def _drop_output() -> None:
    # the interpreter flushes once more when it ends and would complain
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
