# SPDX-License-Identifier: Apache-2.0
"""One question to QEMU, by its protocol (QMP, docs/interop/qmp-spec of QEMU).

A line of JSON each way: QEMU greets, is told that the client is ready, is asked, and
answers; events may come in between. libxl keeps one socket for itself and has QEMU open
another, which libxenstat (xentop) asks for counters (libxl_dm.c). QEMU listens to one
client of a socket at a time and lets the next wait, so all has one deadline.

A guest may have taken its QEMU over, so nothing it sends is believed: the answer has a
limit, and who reads it checks each value.
"""

import contextlib
import json
import socket
import time
from typing import Any

from nova_xen import exceptions

#: seconds for all of it; a question takes QEMU a millisecond
TIMEOUT = 10.0
#: bytes of all that is read; a disk takes some 2 KB
LIMIT = 4 * 1024 * 1024
_PIECE = 65536
_LATE = "it gave no answer in time, or another program is asking it"


def query(
    path: str,
    command: str,
    *,
    server: str,
    timeout: float = TIMEOUT,
    limit: int = LIMIT,
) -> Any:
    """What QEMU at the socket ``path`` returns for a command without arguments.

    :raises DeviceModelSilent: there is no QEMU, it refuses, or gives no answer in time
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    with contextlib.closing(made):
        session = _Session(made, server, time.monotonic() + timeout, limit)
        session.connect(path)
        session.greeting()
        session.execute("qmp_capabilities")
        return session.execute(command)


class _Session:
    def __init__(
        self, made: socket.socket, server: str, end: float, limit: int
    ) -> None:
        self._socket = made
        self._server = server
        self._end = end
        self._left = limit
        self._unread = b""

    def connect(self, path: str) -> None:
        self._hurry()
        try:
            self._socket.connect(path)
        except OSError as error:
            raise self._failed(error, f"{path}: ") from error

    def greeting(self) -> None:
        if "QMP" not in self._message():
            raise self._silent("it did not greet as QEMU does")

    def execute(self, command: str) -> Any:
        asked = json.dumps({"execute": command, "id": command}) + "\n"
        self._hurry()
        try:
            self._socket.sendall(asked.encode())
        except OSError as error:
            raise self._failed(error) from error
        while True:
            message = self._message()
            if message.get("id") != command:
                continue  # an event
            if "return" in message:
                return message["return"]
            raise self._silent(_refusal(message, command))

    def _message(self) -> dict[str, Any]:
        try:
            message = json.loads(self._line())
        except (ValueError, RecursionError) as error:
            raise self._silent("it sent what is no JSON") from error
        if not isinstance(message, dict):
            raise self._silent("it sent what is no answer")
        return message

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            self._hurry()
            try:
                piece = self._socket.recv(_PIECE)
            except OSError as error:
                raise self._failed(error) from error
            if not piece:
                raise self._silent("it closed the connection")
            self._left -= len(piece)
            if self._left < 0:
                raise self._silent("its answer is too long")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _hurry(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise self._silent(_LATE)
        self._socket.settimeout(left)

    def _failed(self, error: OSError, where: str = "") -> exceptions.DeviceModelSilent:
        late = isinstance(error, TimeoutError)
        return self._silent(_LATE if late else f"{where}{error.strerror or error}")

    def _silent(self, why: str) -> exceptions.DeviceModelSilent:
        return exceptions.DeviceModelSilent(server=self._server, why=why)


def _refusal(message: dict[str, Any], command: str) -> str:
    error = message.get("error")
    words = error.get("desc") if isinstance(error, dict) else None
    return f"it refuses {command}: {words or 'no reason is given'}"
