# SPDX-License-Identifier: Apache-2.0
"""The tail of libxl's and the device model's logs, to say why something failed.

libvirt says only "libxenlight failed to create new domain"; the reason stands in
these files. A mark taken before an operation lets its own lines be told apart.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

#: bytes of a file that are read at most, from its end
MAX_READ = 256 * 1024

_LIBXL = Path("/var/log/libvirt/libxl")
_XEN = Path("/var/log/xen")

_SECRET = re.compile(r"passw|secret", re.IGNORECASE)
#: an option of QEMU that says a password is asked for, and not which
_NO_SECRET = re.compile(r"\bpassword=(on|off)\b")
_TELLING = re.compile(
    r"error|fail|cannot|could not|unable|invalid|not found|no such|denied|panic|"
    r"unsupported|not supported",
    re.IGNORECASE,
)
LEFT_OUT = "(a line with a secret is left out)"


def log_paths(name: str) -> tuple[Path, ...]:
    """The files that may tell of the domain ``name``."""
    return (
        _LIBXL / "libxl-driver.log",
        _LIBXL / f"{name}.log",
        _XEN / f"qemu-dm-{name}.log",
        _XEN / f"xl-{name}.log",
    )


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a file ended: its inode and size in bytes."""

    inode: int
    size: int


@dataclasses.dataclass(frozen=True)
class LogMark:
    """Where the logs ended before an operation."""

    places: Mapping[Path, _Place | None]

    @classmethod
    def take(
        cls, name: str, *, paths: Callable[[str], Iterable[Path]] = log_paths
    ) -> "LogMark":
        """Remember the ends of the logs of the domain ``name``; none need exist."""
        return cls({path: _place(path) for path in paths(name)})

    def tail(self, max_lines: int = 20) -> tuple[str, ...]:
        """What was written since, ``max_lines`` of it at most.

        Lines that tell of an error come first and push others out; lines that may
        hold a password are left out. Each line begins with its file's name.
        """
        lines = [
            (path, line)
            for path, place in self.places.items()
            for line in _lines_since(path, place)
        ]
        telling = [each for each in lines if _TELLING.search(each[1])]
        others = [each for each in lines if not _TELLING.search(each[1])]
        telling = telling[-max_lines:]
        room = max_lines - len(telling)
        chosen = telling + (others[-room:] if room else [])
        return tuple(f"{path.name}: {safe(line)}" for path, line in chosen)


def safe(line: str) -> str:
    """The line without control characters, or a stand-in when it may hold a secret."""
    if _SECRET.search(_NO_SECRET.sub("", line)):
        return LEFT_OUT
    return "".join(each for each in line.rstrip() if each.isprintable() or each == "\t")


def _place(path: Path) -> _Place | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Place(status.st_ino, status.st_size)


def _lines_since(path: Path, place: _Place | None) -> list[str]:
    """Lines after ``place``, from the beginning if the file was rotated or cut."""
    try:
        with path.open("rb") as log:
            end = log.seek(0, 2)
            log.seek(_start(place, _place(path), end))
            text = log.read(MAX_READ)
    except OSError:
        return []
    return [line for line in text.decode(errors="replace").splitlines() if line.strip()]


def _start(before: _Place | None, now: _Place | None, end: int) -> int:
    same = before is not None and now is not None and before.inode == now.inode
    begin = before.size if same and before and before.size <= end else 0
    return max(begin, end - MAX_READ)
