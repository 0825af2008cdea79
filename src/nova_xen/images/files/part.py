# SPDX-License-Identifier: Apache-2.0
"""Write a file under a temporary name, so that it is there whole or not at all.

The temporary name is always the same: whoever writes a file is alone with it (its
server's folder is being built, or the lock of the base is held), so that what is
found under that name was left by a process that died, and goes.
"""

import contextlib
import errno
import os
from collections.abc import Iterator

from nova_xen.images.tools.tool import os_failure


def part_name(path: str) -> str:
    """The temporary name beside ``path``."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.part")


@contextlib.contextmanager
def part_of(path: str, *, server: str) -> Iterator[str]:
    """Give a new empty file that becomes ``path`` when the block ends well.

    On any error it is removed. Its mode is 0600: a disk is nobody else's business.

    :raises ToolFailed: ``path`` exists, or the file system refused
    :raises NotEnoughDisk:
    """
    part = part_name(path)
    doing = f"writing {path}"
    try:
        with discarded(part):
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            _make_empty(part)
            yield part
            sync(part)
            os.rename(part, path)
            sync(os.path.dirname(path))
    except OSError as error:
        raise os_failure(
            error, server=server, doing=doing, folder=os.path.dirname(path)
        ) from error


@contextlib.contextmanager
def discarded(path: str) -> Iterator[str]:
    """Give a path below which nothing is, before and after the block."""
    remove_file(path)
    try:
        yield path
    finally:
        remove_file(path)


def remove_file(path: str) -> None:
    """Remove a file that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def sync(path: str) -> None:
    """Have the kernel write a file or a folder to the disk."""
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _make_empty(path: str) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o600))
