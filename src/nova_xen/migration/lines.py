# SPDX-License-Identifier: Apache-2.0
"""Files whose last whole line counts, each line on the disk before the next step.

A line is added with one sync where a file replaced whole needs two, its own and its
folder's, and a migration waits for each. Whoever reads sees the line before or the new
one: what has no end of line yet was never waited for.
"""

import contextlib
import os

from nova_xen.images.files.part import part_name, remove_file, sync
from nova_xen.migration.whole import content_of, write_new

#: bytes; a line is some thousand and a migration writes half a dozen
LARGEST = 1024 * 1024
_END = b"\n"


class Lines:
    """The files of one process, by path; safe for whoever has a file to himself."""

    def __init__(self) -> None:
        #: what this object has on the disk
        self._durable: dict[str, bytes] = {}

    def keep(self, path: str, line: bytes) -> None:
        """Let ``line`` be what the file says; it is on the disk on return.

        What this object has put there last, and is there unchanged, is not written
        again; to what anybody else has put there nothing is added. Killed at any
        point, the old line or the new one is what :func:`last_line` finds.

        :param line: without an end of line in it
        :raises OSError: the file system refused
        """
        known = self._durable.pop(path, None)
        if known is None or not _has(path, known):
            self._durable[path] = _replaced(path, line + _END)
        elif last_line(known) == line:
            self._durable[path] = known
        elif len(known) + len(line) < LARGEST:
            self._durable[path] = _added(path, known, line + _END)
        else:
            self._durable[path] = _replaced(path, line + _END)

    def forget(self, path: str) -> None:
        """Take the file for another's: it is removed."""
        self._durable.pop(path, None)


def last_line(content: bytes) -> bytes:
    """The last line that has an end, or all there is where none has."""
    lines, end, _torn = content.rpartition(_END)
    return lines.rpartition(_END)[2] if end else content


def _has(path: str, content: bytes) -> bool:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return content_of(path, LARGEST) == content
    return False


def _replaced(path: str, content: bytes) -> bytes:
    part = part_name(path)
    # what a process that was killed here left may belong to another user
    remove_file(part)
    write_new(part, content)
    os.rename(part, path)
    sync(os.path.dirname(path))
    return content


def _added(path: str, known: bytes, content: bytes) -> bytes:
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return known + content
