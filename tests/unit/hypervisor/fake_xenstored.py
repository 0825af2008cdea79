# SPDX-License-Identifier: Apache-2.0
"""A small xenstored on a Unix socket: nodes, watches, and faults when asked."""

import contextlib
import socket
import struct
import threading
from pathlib import Path
from types import TracebackType

HEADER = struct.Struct("<IIII")
DIRECTORY, READ, WATCH, UNWATCH, EVENT, ERROR = 1, 2, 4, 5, 15, 16


class Xenstored:
    """Serves until it is left; ``write`` and ``fire`` are what a host would do."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.nodes: dict[str, str] = {}
        self.silent = False
        #: instead of the next answer
        self.answer: bytes | None = None
        #: between a request and its answer
        self.before: list[tuple[str, str]] = []
        self._watches: list[tuple[socket.socket, str, str]] = []
        self._lock = threading.Lock()
        self._clients: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._server = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> "Xenstored":
        self._server.bind(self.path)
        self._server.listen()
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.die()
        for thread in self._threads:
            thread.join()

    def die(self) -> None:
        """Drop everybody and serve nobody."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def write(self, path: str, value: str | None) -> None:
        """Change or remove a node, and tell those that watch it."""
        if value is None:
            self.nodes.pop(path, None)
        else:
            self.nodes[path] = value
        self.fire(path)

    def fire(self, path: str) -> None:
        """Have every watch on ``path``, or on what is above it, see an event."""
        with self._lock:
            for client, watched, token in self._watches:
                if path == watched or path.startswith(f"{watched}/"):
                    self._send(client, EVENT, 0, f"{path}\0{token}\0".encode())

    @property
    def watched(self) -> list[str]:
        with self._lock:
            return [path for _, path, _ in self._watches]

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                with self._lock:
                    self._clients.append(client)
                self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            while header := client.recv(HEADER.size, socket.MSG_WAITALL):
                kind, request, _, length = HEADER.unpack(header)
                rest = client.recv(length, socket.MSG_WAITALL) if length else b""
                words = [word.decode() for word in rest.split(b"\0")[:-1]]
                with self._lock:
                    self._respond(client, kind, request, words)
        with self._lock:
            self._clients.remove(client)
            self._watches = [each for each in self._watches if each[0] is not client]

    def _respond(
        self, client: socket.socket, kind: int, request: int, words: list[str]
    ) -> None:
        for path, token in self.before:
            self._send(client, EVENT, 0, f"{path}\0{token}\0".encode())
        if self.silent:
            return
        if self.answer is not None:
            client.sendall(self.answer)
            return
        got, payload = self._answer(client, kind, words)
        self._send(client, got, request, payload)
        if got == WATCH:
            self._send(client, EVENT, 0, f"{words[0]}\0{words[1]}\0".encode())

    def _answer(
        self, client: socket.socket, kind: int, words: list[str]
    ) -> tuple[int, bytes]:
        match kind:
            case 2 if words[0] in self.nodes:
                return READ, self.nodes[words[0]].encode()
            case 1 if names := self._names(words[0]):
                return DIRECTORY, "".join(f"{name}\0" for name in names).encode()
            case 4:
                self._watches.append((client, words[0], words[1]))
                return WATCH, b"OK\0"
            case 5 if (client, words[0], words[1]) in self._watches:
                self._watches.remove((client, words[0], words[1]))
                return UNWATCH, b"OK\0"
            case _:
                refused = words[0].startswith("/secret")
                return ERROR, b"EACCES\0" if refused else b"ENOENT\0"

    def _names(self, path: str) -> list[str]:
        below = (each.removeprefix(f"{path}/") for each in self.nodes)
        return sorted({each.split("/")[0] for each in below if each[0] != "/"})

    @staticmethod
    def _send(client: socket.socket, kind: int, request: int, payload: bytes) -> None:
        client.sendall(HEADER.pack(kind, request, 0, len(payload)) + payload)
