# SPDX-License-Identifier: Apache-2.0
"""Locks between threads, processes and hosts, which end with their holder.

flock(2) rather than POSIX record locks: those are a process's, so that two threads
share one, and closing any descriptor of the file drops it.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def locked(path: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, waiting for whoever has it; the file itself stays.

    :param shared: with others that share it; else alone
    """
    number = _open(path, os.O_CREAT)
    try:
        fcntl.flock(number, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def try_lock(path: str, *, create: bool = True, shared: bool = False) -> int | None:
    """Take a lock without waiting: a descriptor to close, None when it is held.

    :param create: make the file when it is not there; else None is returned then,
        and also when its holder has removed it meanwhile
    :raises OSError: the file system refused
    """
    try:
        number = _open(path, os.O_CREAT if create else 0)
    except FileNotFoundError:
        if create:
            raise
        return None
    try:
        fcntl.flock(
            number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        )
    except BlockingIOError:
        os.close(number)
        return None
    if not create and os.fstat(number).st_nlink == 0:
        os.close(number)
        return None
    return number


@contextlib.contextmanager
def present(lock: str, path: str, make: Callable[[], object]) -> Iterator[None]:
    """Have a file made once, by whoever comes first, and there while the block runs.

    Nobody who takes the lock alone can remove the file meanwhile. flock gives up a
    lock before it turns into another kind, so the file is looked for again.
    """
    while True:
        with locked(lock, shared=True):
            if os.path.exists(path):
                yield
                return
        with locked(lock):
            if not os.path.exists(path):
                make()


def _open(path: str, flags: int) -> int:
    return os.open(path, os.O_RDWR | flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
