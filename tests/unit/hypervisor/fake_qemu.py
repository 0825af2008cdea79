# SPDX-License-Identifier: Apache-2.0
"""QEMU's side of QMP on a Unix socket, one client after the other, and its faults."""

import contextlib
import json
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2}}, "capabilities": []}}
EVENT = {"event": "BLOCK_IO_ERROR", "data": {"device": ""}, "timestamp": {}}


def line(message: Any) -> bytes:
    return json.dumps(message).encode() + b"\r\n"


class Qemu:
    """Serves until it is left; ``answers`` are what commands return."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.answers: dict[str, Any] = {}
        self.greeting: bytes = line(GREETING)
        #: sent before each answer
        self.before: bytes = b""
        #: instead of the answer to a command
        self.instead: dict[str, bytes] = {}
        self.asked: list[str] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Qemu":
        self._server.bind(self.path)
        self._server.listen(1)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for end in (self._server, self._client):
            with contextlib.suppress(OSError, AttributeError):
                end.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._client, _ = self._server.accept()
                with contextlib.suppress(OSError), self._client as client:
                    client.sendall(self.greeting)
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        ready = False
        for text in client.makefile("rb"):
            message = json.loads(text)
            command = message["execute"]
            self.asked.append(command)
            if command in self.instead:
                client.sendall(self.instead[command])
                continue
            answer: dict[str, Any] = {"id": message["id"]}
            if command == "qmp_capabilities":
                ready, answer["return"] = True, {}
            elif ready and command in self.answers:
                answer["return"] = self.answers[command]
            else:
                desc = f"The command {command} has not been found"
                answer["error"] = {"class": "CommandNotFound", "desc": desc}
            client.sendall(self.before + line(answer))


def block_statistics(node: str = "", device: str = "", **stats: Any) -> dict[str, Any]:
    """An entry of query-blockstats as QEMU 7.2 makes them."""
    counted = {
        **dict.fromkeys(("rd_bytes", "wr_bytes", "rd_operations", "wr_operations"), 0),
        "flush_operations": 0,
        "failed_rd_operations": 0,
        "failed_wr_operations": 0,
        "wr_highest_offset": 0,
        "timed_stats": [],
        **stats,
    }
    return {"device": device, "node-name": node, "qdev": "/machine", "stats": counted}
