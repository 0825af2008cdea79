# SPDX-License-Identifier: Apache-2.0
"""The file beside a migration's journal that tells whether it has paused its domain.

The program that pauses (:mod:`libxl_program`) holds the file's lock while it works, and
writes the domain's id before it pauses that. What Xen has paused otherwise is a
person's doing.
"""

import contextlib
import fcntl
import os
import selectors
import signal
import struct
from collections.abc import Iterator

from nova_xen import exceptions

SUFFIX = ".pausing"
#: seconds for a process that was killed to be gone
_GONE = 10
#: struct flock of fcntl(2)
_LOCK = "hhlli0l"


def mark_of(journal: str) -> str:
    """Path of the file."""
    return f"{journal}{SUFFIX}"


@contextlib.contextmanager
def _failing(doing: str, journal: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        doing = f"{doing} ({mark_of(journal)})"
        raise exceptions.ToolstackFailed(doing=doing, why=str(error)) from error


def forget_mark(journal: str) -> None:
    """Remove the file, if it is there.

    :raises ToolstackFailed: the file system refused
    """
    doing = "forgetting that a migration has paused a domain"
    with _failing(doing, journal), contextlib.suppress(FileNotFoundError):
        os.unlink(mark_of(journal))


def write_mark(journal: str, domid: int) -> None:
    """Tell that the domain is paused, as the program does."""
    with open(mark_of(journal), "w", encoding="ascii") as file:
        file.write(f"{domid}\n")


def paused_domain(journal: str) -> int | None:
    """The domain that was paused, or is to be in a moment; None for none.

    :raises ToolstackFailed: the file is there and cannot be read
    """
    text = ""
    with _failing("looking whether a migration has paused its domain", journal):
        with (
            contextlib.suppress(FileNotFoundError),
            open(mark_of(journal), encoding="ascii") as file,
        ):
            text = file.read().strip()
        return int(text) if text else None


def is_pausing(journal: str) -> bool:
    """Whether a program works for this journal.

    :raises ToolstackFailed: nobody can tell
    """
    with _failing("looking whether a migration's domain is paused", journal):
        try:
            number = os.open(mark_of(journal), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return _holder(number) != 0
        finally:
            os.close(number)


def end_pausing(journal: str) -> None:
    """End the program that pauses for this journal, if one is at work.

    :raises ToolstackFailed: it could not be ended
    """
    with _failing("ending what pauses a migration's domain", journal):
        try:
            number = os.open(mark_of(journal), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            while holder := _holder(number):
                _end(number, holder)
        finally:
            os.close(number)


def _holder(number: int) -> int:
    """The process that has the lock, by the kernel's word; 0 for none.

    A lock of this kind, unlike flock(2)'s, goes when its process ends and tells which
    process that is.
    """
    question = struct.pack(_LOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    answer = fcntl.fcntl(number, fcntl.F_GETLK, question)
    kind, _, _, _, process = struct.unpack(_LOCK, answer)
    if kind == fcntl.F_UNLCK:
        return 0
    if process <= 0:
        raise ValueError("the process that holds it is not to be seen from here")
    return int(process)


def _end(number: int, holder: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(holder)
        try:
            # it still has it: the process that was opened is the one
            if _holder(number) == holder:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                with selectors.DefaultSelector() as waiting:
                    waiting.register(process, selectors.EVENT_READ)
                    if not waiting.select(_GONE):
                        raise TimeoutError(f"process {holder} does not end")
        finally:
            os.close(process)
