# SPDX-License-Identifier: Apache-2.0
"""A client of xenstored, by the protocol of Xen's docs/misc/xenstore.txt.

Each message is a header of four little-endian 32-bit numbers (type, request,
transaction, length of the rest) and up to 4096 bytes. Events of watches come between
the answers and are kept until they are asked for.
"""

import dataclasses
import enum
import os
import selectors
import socket
import struct
import time
from collections import deque

from nova_xen import exceptions

#: /run first; XENSTORED_PATH is how Xen's own clients are told of another one
SOCKETS = ("/run/xenstored/socket", "/var/run/xenstored/socket")
#: seconds that xenstored may take to answer
TIMEOUT = 20
_HEADER = struct.Struct("<IIII")
_MOST = 4096
_ABSENT = "ENOENT"


class _Type(enum.IntEnum):
    """enum xsd_sockmsg_type of Xen's public/io/xs_wire.h."""

    DIRECTORY = 1
    READ = 2
    WATCH = 4
    UNWATCH = 5
    WATCH_EVENT = 15
    ERROR = 16


@dataclasses.dataclass(frozen=True, kw_only=True)
class WatchEvent:
    """Something under a watched path changed, or a special watch fired.

    ``at`` is when it was received, in seconds since the epoch; ``path`` is relative
    when the watch was set on a relative path, and the watch's own for special ones.
    """

    path: str
    token: str
    at: float


class Xenstore:
    """One connection; used by one thread at a time, but :meth:`close` by any."""

    def __init__(
        self, paths: tuple[str, ...] = SOCKETS, *, timeout: float = TIMEOUT
    ) -> None:
        """Connect.

        :raises ToolstackFailed: there is no xenstored, or it may not be asked
        """
        self._timeout = timeout
        self._events: deque[WatchEvent] = deque()
        self._request = 0
        self._closed = False
        self._socket = _connect(paths, timeout)

    def read(self, path: str) -> str | None:
        """The value of a node; None when there is none.

        :raises ToolstackFailed: xenstored refuses, or gives no answer
        """
        found = self._ask(_Type.READ, path)
        return None if found is None else found.decode(errors="replace")

    def directory(self, path: str) -> tuple[str, ...]:
        """The names under a node, none when there is no such node.

        :raises ToolstackFailed: xenstored refuses, or gives no answer
        """
        found = self._ask(_Type.DIRECTORY, path) or b""
        return tuple(name.decode(errors="replace") for name in found.split(b"\0")[:-1])

    def watch(self, path: str, token: str) -> None:
        """Have events about ``path`` and all under it; one comes at once.

        ``@introduceDomain`` and ``@releaseDomain`` are paths too: the latter fires
        when a domain has shut down, for whatever reason, and when it is gone.

        :raises ToolstackFailed: xenstored refuses, or gives no answer
        """
        self._ask(_Type.WATCH, path, token)

    def unwatch(self, path: str, token: str) -> None:
        """End a watch; events that came before are still told.

        :raises ToolstackFailed: there is no such watch, or no answer
        """
        if self._ask(_Type.UNWATCH, path, token) is None:
            raise _failed(path, "there is no such watch")

    def next_event(self, timeout: float | None = None) -> WatchEvent | None:
        """Wait for an event; None after ``timeout`` seconds, or once closed.

        :raises ToolstackFailed: xenstored has gone
        """
        end = None if timeout is None else time.monotonic() + timeout
        while not self._events:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                if not self._wait(left):
                    return None
                self._receive("its watches")
            except exceptions.ToolstackFailed:
                if self._closed:
                    return None
                raise
        return self._events.popleft()

    def close(self) -> None:
        """Let go of xenstored; one that waits for an event is woken."""
        self._closed = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # xenstored went first

    def release(self) -> None:
        """Give the connection back, once nobody uses it any more."""
        self.close()
        self._socket.close()

    def _ask(self, kind: _Type, path: str, *more: str) -> bytes | None:
        """The answer, None for ENOENT."""
        self._request = (self._request + 1) & 0xFFFFFFFF
        payload = b"".join(word.encode() + b"\0" for word in (path, *more))
        if len(payload) > _MOST:
            raise _failed(path, f"the request has more than {_MOST} bytes")
        header = _HEADER.pack(kind, self._request, 0, len(payload))
        try:
            self._socket.sendall(header + payload)
        except OSError as error:
            raise _failed(path, str(error)) from error
        end = time.monotonic() + self._timeout
        while True:
            if not self._wait(max(0.0, end - time.monotonic())):
                raise _failed(path, f"no answer within {self._timeout:g} s")
            got, request, answer = self._receive(path)
            if request == self._request and got != _Type.WATCH_EVENT:
                return _result(path, kind, got, answer)

    def _wait(self, seconds: float | None) -> bool:
        """Wait for something to read; False when nothing came."""
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._socket, selectors.EVENT_READ)
            except ValueError as error:
                raise _failed("anything", "the connection is closed") from error
            return bool(selector.select(seconds))

    def _receive(self, path: str) -> tuple[int, int, bytes]:
        """One message: type, request and the rest; an event is kept as well."""
        kind, request, _, length = _HEADER.unpack(self._exactly(path, _HEADER.size))
        if length > _MOST:
            raise _failed(path, f"it announced {length} bytes, which is no xenstored")
        rest = self._exactly(path, length)
        if kind == _Type.WATCH_EVENT:
            words = [word.decode(errors="replace") for word in rest.split(b"\0")]
            self._events.append(
                WatchEvent(path=words[0], token="".join(words[1:2]), at=time.time())
            )
        return kind, request, rest

    def _exactly(self, path: str, size: int) -> bytes:
        found = b""
        while len(found) < size:
            try:
                part = self._socket.recv(size - len(found))
            except OSError as error:
                raise _failed(path, str(error)) from error
            if not part:
                raise _failed(path, "it closed the connection")
            found += part
        return found


def _connect(paths: tuple[str, ...], timeout: float) -> socket.socket:
    why = "no socket of it is known"
    named = os.environ.get("XENSTORED_PATH")
    for path in (named,) if named else paths:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        made.settimeout(timeout)
        try:
            made.connect(path)
        except OSError as error:
            made.close()
            why = f"{path}: {error.strerror or error}"
        else:
            return made
    raise exceptions.ToolstackFailed(doing="connecting to xenstored", why=why)


def _result(path: str, asked: _Type, got: int, answer: bytes) -> bytes | None:
    if got == asked:
        return answer
    said = answer.rstrip(b"\0").decode(errors="replace")
    if got == _Type.ERROR and said == _ABSENT:
        return None
    why = said if got == _Type.ERROR else f"an answer of type {got}"
    raise _failed(path, why)


def _failed(path: str, why: str) -> exceptions.ToolstackFailed:
    return exceptions.ToolstackFailed(doing=f"asking xenstored for {path}", why=why)
