# SPDX-License-Identifier: Apache-2.0
"""Real connections on the loopback device, and a /proc that says who has them."""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Pair = tuple[socket.socket, socket.socket]
Connect = Callable[[int, str, int], Pair]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a connection: (family, address, port or 0) -> (ours, theirs)."""
    with contextlib.ExitStack() as stack:

        def make(family: int, address: str, port: int = 0) -> Pair:
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()
            ours = stack.enter_context(socket.socket(family))
            ours.connect(listener.getsockname())
            theirs, _ = listener.accept()
            stack.enter_context(theirs)
            return ours, theirs

        yield make


class FakeProc:
    """A /proc of processes that have given sockets open."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def process(
        self, pid: int, arguments: list[str], sockets: dict[int, socket.socket]
    ) -> None:
        folder = self.root / str(pid)
        (folder / "fd").mkdir(parents=True)
        (folder / "cmdline").write_bytes(
            b"".join(word.encode() + b"\0" for word in arguments)
        )
        (folder / "fd" / "0").symlink_to("/dev/null")
        for number, each in sockets.items():
            link = os.readlink(f"/proc/self/fd/{each.fileno()}")
            (folder / "fd" / str(number)).symlink_to(link)

    def helper(self, pid: int, domid: int, fd: int, opened: socket.socket) -> None:
        """As seen with Xen 4.17."""
        program = "/usr/lib/xen-4.17/bin/libxl-save-helper"
        numbers = [str(fd), "37", str(domid), "1", "136", "0"]
        self.process(pid, [program, "--save-domain", *numbers], {fd: opened})


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path / "proc")
