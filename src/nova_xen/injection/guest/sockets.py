# SPDX-License-Identifier: Apache-2.0
"""The folder of libguestfs's sockets, which outlives a worker that was killed.

Run by root, libguestfs makes it in /tmp, whatever it is told. It is known from the
emulator's own arguments and from nothing that a guest could have a say in. They are
written down while the emulator lives: it dies with the worker, or soon after.
"""

import contextlib
import os
import re
from pathlib import Path

_ARGUMENT = re.compile(
    rb"socket,path=(/tmp/libguestfs[A-Za-z0-9]{6})/guestfsd\.sock,id=\w+"
)
_FOLDER = re.compile(r"/tmp/libguestfs[A-Za-z0-9]{6}")  # noqa: S108  # nosec B108
_NAMES = ("guestfsd.sock", "console.sock")
_NOTE = "sockets"


def note_sockets(folder: str, worker: int) -> bool:
    """Write down what the emulator was given that a worker has started; True once done.

    Costs a few files of /proc, since only the worker's own children are looked at.

    :param folder: the worker's own
    """
    for number in _children(worker):
        if place := _argument(Path("/proc", number)):
            with contextlib.suppress(OSError):
                Path(folder, _NOTE).write_text(place, encoding="ascii")
                return True
    return False


def find_sockets(folder: str) -> str | None:
    """The folder that a worker's emulator was given: as noted, or while it lives.

    :param folder: the worker's own, which is the TMPDIR of all that it starts
    """
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if _FOLDER.fullmatch(noted := Path(folder, _NOTE).read_text("ascii")):
            return noted
    mark = b"TMPDIR=" + os.fsencode(folder)
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if process.stat().st_uid != os.geteuid():
                continue
            if mark not in (process / "environ").read_bytes().split(b"\0"):
                continue
            if place := _argument(process):
                return place
    return None


def _children(number: int) -> list[str]:
    """Of all threads of a process: see proc(5)."""
    found: list[str] = []
    with contextlib.suppress(OSError):
        for thread in Path("/proc", str(number), "task").iterdir():
            found += (thread / "children").read_text().split()
    return found


def _argument(process: Path) -> str | None:
    with contextlib.suppress(OSError):
        for word in (process / "cmdline").read_bytes().split(b"\0"):
            if found := _ARGUMENT.fullmatch(word):
                return found[1].decode()
    return None


def remove_sockets(place: str | None) -> None:
    """Remove the folder and what libguestfs has in it, and nothing else."""
    if place is None or not _FOLDER.fullmatch(place):
        return
    with contextlib.suppress(OSError):
        # one of another user's, made since, is left alone
        if os.lstat(place).st_uid != os.geteuid():
            return
        for name in _NAMES:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(place, name))
        os.rmdir(place)
