# SPDX-License-Identifier: Apache-2.0
"""The file beside a migration's journal that tells whether it has paused its domain.

The program that pauses (:mod:`libxl_program`) writes its process id as it begins, holds
the lock of the file while it works, and adds the domain before it pauses that. What
Xen has paused otherwise is a person's doing.
"""

import contextlib
import fcntl
import os
import select
import signal
from collections.abc import Iterator

from nova_xen import exceptions

SUFFIX = ".pausing"
#: milliseconds for a process that was killed to be gone
_GONE = 10_000


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
    """Tell that the domain is paused by this process, as the program does."""
    with open(mark_of(journal), "w", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n{domid}\n")


def paused_domain(journal: str) -> int | None:
    """The domain that was paused, or is to be in a moment; None for none.

    :raises ToolstackFailed: the file is there and cannot be read
    """
    numbers: list[str] = []
    with _failing("looking whether a migration has paused its domain", journal):
        with (
            contextlib.suppress(FileNotFoundError),
            open(mark_of(journal), encoding="ascii") as file,
        ):
            numbers = file.read().split()
        return int(numbers[1]) if len(numbers) > 1 else None


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
            while not _lock(number):
                _end(number)
        finally:
            os.close(number)


def _lock(number: int) -> bool:
    """Whether nobody holds it."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end(number: int) -> None:
    """End its holder, who wrote its process id as soon as it had the lock."""
    first, _, _ = os.pread(number, 64, 0).partition(b"\n")
    if not first:
        return
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(int(first))
        try:
            # still held: the process id is not another's by now
            if not _lock(number):
                signal.pidfd_send_signal(process, signal.SIGKILL)
                waiting = select.poll()
                waiting.register(process, select.POLLIN)
                if not waiting.poll(_GONE):
                    raise TimeoutError(f"process {int(first)} does not end")
        finally:
            os.close(process)
