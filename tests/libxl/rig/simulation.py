# SPDX-License-Identifier: Apache-2.0
"""Commands to the simulated Xen of one daemon."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

_ANSWER_SECONDS = 60.0


class Simulation:
    """What guests do by themselves, and what goes wrong."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def command(self, *words: str) -> bool:
        """Send one command; tell whether the simulation could do it."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(_ANSWER_SECONDS)
            channel.connect(str(self._folder / "control"))
            channel.sendall(" ".join(words).encode())
            return channel.recv(16) == b"ok\n"

    def _do(self, *words: str) -> None:
        if not self.command(*words):
            raise RuntimeError(f"the simulated Xen refused: {' '.join(words)}")

    def power_off(self, name: str) -> None:
        """Let a guest shut itself down."""
        self._do("poweroff", name)

    def reboot(self, name: str) -> None:
        """Let a guest restart itself."""
        self._do("reboot", name)

    def crash(self, name: str) -> None:
        """Let a guest's kernel panic."""
        self._do("crash", name)

    def kill(self, name: str) -> None:
        """Destroy a domain behind libvirt's back, as xl destroy does."""
        self._do("kill", name)

    def fail(self, operation: str, name: str = "*", count: int = 1) -> None:
        """Let coming calls fail: create, destroy, pause, copy, dump …

        For shutdown and reboot it means that the guest ignores the wish.
        """
        self._do("fail", operation, name, str(count))

    def without_bridge(self, bridge: str) -> None:
        """Let a bridge not exist."""
        self._do("no-bridge", bridge)

    @contextlib.contextmanager
    def holding(self, operation: str, name: str = "*") -> Iterator[None]:
        """Let calls of create, destroy, copy or attach-disk wait in the context."""
        self._do("hold", operation, name)
        try:
            yield
        finally:
            # A killed daemon holds nothing any more.
            with contextlib.suppress(OSError):
                self.command("release", operation)

    def wait_held(self, operation: str) -> None:
        """Wait until a call is held."""
        self._do("held", operation)

    def cut(self, operation: str) -> None:
        """Let the held calls of an operation fail: a broken stream of memory."""
        self._do("cut", operation)

    def clear(self) -> None:
        """Forget every failure and wait that was asked for."""
        self._do("clear")

    def operations(self) -> list[str]:
        """Return what reached Xen so far, a line each."""
        file = self._folder / "operations.log"
        return file.read_text().splitlines() if file.exists() else []
