# SPDX-License-Identifier: Apache-2.0
"""Initial RAM disks: the cpio "newc" archive the kernel unpacks.

Format: Documentation/driver-api/early-userspace/buffer-format.rst of Linux.
"""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass

_DIRECTORY, _FILE, _LINK = 0o040755, 0o100000, 0o120777


@dataclass(frozen=True)
class Entry:
    """One member; ``data`` is the content, or the target of a symbolic link."""

    name: str
    mode: int
    data: bytes = b""


def directory(name: str) -> Entry:
    return Entry(name, _DIRECTORY)


def file(name: str, data: bytes, executable: bool = False) -> Entry:
    return Entry(name, _FILE | (0o755 if executable else 0o644), data)


def link(name: str, target: str) -> Entry:
    return Entry(name, _LINK, target.encode())


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive, not compressed."""
    members = [_member(number, entry) for number, entry in enumerate(entries, 1)]
    return b"".join([*members, _member(0, Entry("TRAILER!!!", 0))])


def compressed(entries: Iterable[Entry], level: int = 9) -> bytes:
    """The archive in gzip, the same bytes for the same entries."""
    return gzip.compress(archive(entries), level, mtime=0)


def _member(number: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    links, size = 1, len(entry.data)
    fields = (number, entry.mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
