# SPDX-License-Identifier: Apache-2.0
"""Locks between threads, processes and hosts, which end with their holder.

flock(2) rather than POSIX record locks: those are a process's, so that two threads
share one, and closing any descriptor of the file drops it.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold a lock file, waiting for whoever has it; the file itself stays."""
    number = _open(path)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def try_lock(path: str) -> int | None:
    """Take a lock without waiting: a descriptor to close, None when it is held."""
    number = _open(path)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    return number


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
