# SPDX-License-Identifier: Apache-2.0
"""The folder of libguestfs's sockets, which outlives a worker that was killed.

Run by root, libguestfs makes it in /tmp, whatever it is told. It is known from the
emulator's own arguments and from nothing that a guest could have a say in.
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


def find_sockets(folder: str) -> str | None:
    """The folder that the emulator of a worker was given, while it lives.

    :param folder: the worker's own, which is the TMPDIR of all that it starts
    """
    mark = b"TMPDIR=" + os.fsencode(folder)
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            if process.stat().st_uid != os.geteuid():
                continue
            if mark not in (process / "environ").read_bytes().split(b"\0"):
                continue
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
