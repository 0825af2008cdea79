# SPDX-License-Identifier: Apache-2.0
"""Builds kept by the hash of what goes into them; a killed build leaves no trace.

A build is made under a temporary name and renamed when it is whole, so a folder
that has its final name is complete.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lab.progress import say
from lab.run import remove_tree

_UNFINISHED = ".unfinished-"


def key_of(*parts: str | bytes) -> str:
    """Short hash of the parts, in order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def key_of_files(root: Path, pattern: str = "*") -> str:
    """Hash of names, modes and contents of the files under ``root``."""
    parts: list[str | bytes] = []
    for path in sorted(root.rglob(pattern)):
        if path.is_file() and "__pycache__" not in path.parts:
            mode = "x" if os.access(path, os.X_OK) else "-"
            parts += [str(path.relative_to(root)), mode, path.read_bytes()]
    return key_of(*parts)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; wait for another process that has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that works in {folder}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def built(folder: Path, key: str, what: str, make: Callable[[Path], None]) -> Path:
    """The folder of this key, made first when it is not there."""
    target = folder / key
    if target.is_dir():
        return target
    with locked(folder):
        if not target.is_dir():
            _sweep(folder)
            _make(folder, target, what, make)
    return target


def _make(folder: Path, target: Path, what: str, make: Callable[[Path], None]) -> None:
    say(f"building {what}")
    temporary = folder / f"{_UNFINISHED}{target.name}"
    temporary.mkdir()
    make(temporary)
    os.sync()
    temporary.rename(target)
    say(f"built {what}")


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"{_UNFINISHED}*"):
        say(f"removing {leftover.name}, left by a build that was interrupted")
        remove_tree(leftover)


def prune(folder: Path, keep: Iterable[str]) -> None:
    """Remove finished builds whose keys are not in ``keep``."""
    wanted = set(keep)
    with locked(folder):
        for path in folder.iterdir():
            if path.is_dir() and path.name not in wanted:
                remove_tree(path)
