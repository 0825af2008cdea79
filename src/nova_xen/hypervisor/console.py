# SPDX-License-Identifier: Apache-2.0
"""What a guest printed: where its log is, its end, and following it."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

from nova_xen import exceptions
from nova_xen.domain import Domain

_BLOCK = 64 * 1024


def console_log_paths(domain: Domain, log_dir: str | None) -> tuple[str, ...]:
    """Where a guest's console may be logged: its serial port, and Xen's console.

    An HVM guest has both and its kernel chooses (``console=ttyS0`` or ``hvc0``);
    ``log_dir`` is xenconsoled's folder, None when it keeps no logs of guests.

    :raises ConsoleUnavailable: neither is kept
    """
    paths = [
        serial.source_path
        for serial in domain.devices.serials
        if serial.type == "file" and serial.source_path
    ]
    if log_dir is not None:
        paths.append(f"{log_dir}/guest-{domain.name}.log")
    if not paths:
        why = (
            "xenconsoled keeps no logs of guests; set XENCONSOLED_ARGS=--log=guest in "
            "/etc/default/xen, restart the host's Xen tools and then the guest"
        )
        raise exceptions.ConsoleUnavailable(server=domain.name, why=why)
    return tuple(paths)


def console_log_path(domain: Domain, log_dir: str | None) -> str:
    """The log that was written last, the first of them while none was.

    :raises ConsoleUnavailable: none is kept
    """
    paths = console_log_paths(domain, log_dir)
    return max(paths, key=_last_written)


def _last_written(path: str) -> float:
    """When something was last printed into it; never for an empty or missing log."""
    try:
        status = os.stat(path)
    except OSError:
        return 0.0
    return status.st_mtime if status.st_size else 0.0


def discard_xen_console_log(domain: Domain, log_dir: str | None) -> None:
    """Remove xenconsoled's log of a guest that is gone, or was so of the same name.

    xenconsoled appends, so a new guest would show the words of the one before it.
    """
    if log_dir is None:
        return
    with contextlib.suppress(FileNotFoundError):
        os.remove(f"{log_dir}/guest-{domain.name}.log")


def prepare_serial_logs(domain: Domain) -> None:
    """Make the files of serial ports, so that only root reads what a guest prints.

    The device model keeps the mode of a file that is there and makes one that
    everybody may read otherwise.

    :raises OSError: the folder is not there, or the disk is full
    """
    for serial in domain.devices.serials:
        if serial.type == "file" and serial.source_path:
            os.close(os.open(serial.source_path, os.O_CREAT | os.O_WRONLY, 0o600))


def read_tail(path: str, max_bytes: int) -> bytes:
    """The last ``max_bytes`` of a log at most.

    :raises OSError: the file is missing or cannot be read
    """
    with open(path, "rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(0, end - max_bytes))
        return log.read(max_bytes)


def follow(
    path: str,
    is_alive: Callable[[], bool],
    *,
    start: int = 0,
    interval: float = 0.5,
    wait: Callable[[float], object] | None = None,
) -> Iterator[bytes]:
    """What is in the log from byte ``start``, and then what comes.

    A log that is rotated or cut is read on from its new beginning, one that does not
    exist yet is waited for. The end comes once ``is_alive()`` says no and all was
    read; the file is looked at every ``interval`` seconds (``wait(interval)``).
    """
    pause = wait or threading.Event().wait
    follower = _Follower(path, start)
    try:
        while True:
            alive = is_alive()  # asked before reading: the last words are read too
            yield from follower.news()
            if not alive:
                return
            pause(interval)
    finally:
        follower.close()


class _Follower:
    """An open log and whether the path still leads to it."""

    def __init__(self, path: str, start: int) -> None:
        self._path = path
        self._start = start
        self._log: BinaryIO | None = None

    def news(self) -> Iterator[bytes]:
        """All that was written since the last time."""
        yield from self._rest()
        if self._was_replaced():
            yield from self._rest()  # written before it was put away
            self.close()
        if self._log is None and self._open():
            yield from self._rest()

    def close(self) -> None:
        """Give the file back."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _open(self) -> bool:
        try:
            self._log = open(self._path, "rb")  # noqa: SIM115 # kept open between reads
        except FileNotFoundError:
            return False
        self._log.seek(self._start)
        self._start = 0  # where a log that takes this one's place is begun
        return True

    def _rest(self) -> Iterator[bytes]:
        if self._log is None:
            return
        if os.fstat(self._log.fileno()).st_size < self._log.tell():
            self._log.seek(0)
        while block := self._log.read(_BLOCK):
            yield block

    def _was_replaced(self) -> bool:
        if self._log is None:
            return False
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False  # the old one may still grow until there is a new one
        return not os.path.samestat(now, os.fstat(self._log.fileno()))
