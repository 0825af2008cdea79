# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells of a folder: whoever touches a file in it, inotify(7) says so.

It sees every process of the host, without one of them being traced.
"""

import ctypes
import os
import pathlib
import struct
from types import TracebackType

_LIBC = ctypes.CDLL(None, use_errno=True)
_ALL_EVENTS = 0xFFF
_OVERFLOW = 0x4000
_EVENT = struct.Struct("iIII")
_MOST = 1024**2


class Watch:
    """Watches the files of one folder, from when it is made until it is closed."""

    def __init__(self, folder: pathlib.Path) -> None:
        # the flags of inotify_init1 are those of open
        self._number = _checked(_LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        name = os.fsencode(folder)
        _checked(_LIBC.inotify_add_watch(self._number, name, _ALL_EVENTS))

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._number)

    def touched(self) -> set[str]:
        """Names that were opened, read, written, made or removed; the folder is ""."""
        names = set()
        while data := self._read():
            at = 0
            while at < len(data):
                _watch, mask, _cookie, size = _EVENT.unpack_from(data, at)
                assert not mask & _OVERFLOW
                at += _EVENT.size + size
                names.add(os.fsdecode(data[at - size : at].rstrip(b"\0")))
        return names

    def _read(self) -> bytes:
        try:
            return os.read(self._number, _MOST)
        except BlockingIOError:
            return b""


def _checked(number: int) -> int:
    if number < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return number
