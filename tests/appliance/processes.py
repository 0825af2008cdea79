# SPDX-License-Identifier: Apache-2.0
"""The emulators that have a file open or in their arguments, from /proc."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def emulators(disk: Path) -> list[int]:
    """Numbers of the living QEMU processes that were given this disk."""
    found = []
    for folder in _processes():
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            state_now = state(int(folder.name))
            given = any(os.fsencode(disk) in word for word in words)
            if b"qemu-system" in words[0] and given and state_now != "Z":
                found.append(int(folder.name))
    return found


def state(number: int) -> str:
    """What a process does, as proc(5) says it: "T" when it is stopped."""
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]


def workers(folder: Path) -> list[int]:
    """Numbers of living processes whose own temporary folder is below ``folder``."""
    found = []
    for process in _processes():
        with contextlib.suppress(OSError):
            words = (process / "environ").read_bytes().split(b"\0")
            if any(w.startswith(b"TMPDIR=" + os.fsencode(folder)) for w in words):
                found.append(int(process.name))
    return found


def open_files(number: int) -> set[str]:
    """Regular files that a process has open."""
    found = set()
    for entry in Path(f"/proc/{number}/fd").iterdir():
        with contextlib.suppress(OSError):
            if entry.is_file():
                found.add(os.readlink(entry))
    return found


def sockets() -> set[str]:
    """Folders that libguestfs makes for its sockets when run by root, and left.

    Those of other programs that run have a socket that somebody listens on.
    """
    used = Path("/proc/net/unix").read_text()
    found = Path("/tmp").glob("libguestfs??????")
    return {path.name for path in found if f"{path}/" not in used}


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.05)


def _processes() -> Iterator[Path]:
    return (path for path in Path("/proc").iterdir() if path.name.isdecimal())
