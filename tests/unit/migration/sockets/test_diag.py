# SPDX-License-Identifier: Apache-2.0
"""The kernel's answers, and what is made of its refusals."""

import dataclasses
import errno
import fcntl
import os
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.migration.sockets import diag

FAMILIES = [
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "::ffff:127.0.0.1"),
]
Connect = Callable[[int, str], tuple[socket.socket, socket.socket]]


def inode(opened: socket.socket) -> int:
    return os.fstat(opened.fileno()).st_ino


def of(opened: socket.socket) -> MigrationSocket:
    """The kernel's name for one of our own connections."""
    found = [
        each.socket
        for each in diag.established(opened.family)
        if each.socket.inode == inode(opened)
    ]
    assert len(found) == 1
    return found[0]


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Acknowledgements may be held back for 40 ms."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize(("family", "address"), FAMILIES)
def test_a_connection_is_listed_as_its_process_sees_it(
    connect: Connect, family: int, address: str
) -> None:
    ours, _ = connect(family, address)
    found = of(ours)
    assert (found.source, found.source_port) == ours.getsockname()[:2]
    assert (found.destination, found.destination_port) == ours.getpeername()[:2]
    assert found.family == family
    assert found.cookie


@pytest.mark.parametrize(("family", "address"), FAMILIES)
@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_acknowledged_bytes_are_counted(
    connect: Connect, family: int, address: str, size: int
) -> None:
    ours, theirs = connect(family, address)
    sought = of(ours)
    sender = threading.Thread(target=ours.sendall, args=(b"x" * size,))
    sender.start()
    got = 0
    while got < size:
        got += len(theirs.recv(1 << 16))
    sender.join()
    wait_for(lambda: fcntl.ioctl(ours, termios.TIOCOUTQ, b"1234") == bytes(4))
    found = diag.look_up(sought)
    assert found is not None
    # the SYN counts as one byte
    assert found.bytes_acked == size + 1
    assert found.established


@pytest.mark.parametrize(("family", "address"), FAMILIES)
def test_a_closed_connection_is_gone(
    connect: Connect, family: int, address: str
) -> None:
    ours, _ = connect(family, address)
    sought = of(ours)
    # a reset leaves nothing behind, not even TIME_WAIT
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ours.close()
    assert diag.look_up(sought) is None
    assert diag.destroy(sought) is False


def test_another_connection_of_the_same_addresses_is_not_taken(
    connect: Connect,
) -> None:
    ours, _ = connect(socket.AF_INET, "127.0.0.1")
    sought = of(ours)
    earlier = dataclasses.replace(sought, cookie=sought.cookie ^ 1)
    assert diag.look_up(earlier) is None
    assert diag.destroy(earlier) is False
    assert diag.look_up(sought) is not None


def answer(kind: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + payload


class Kernel:
    """A kernel whose answers are given, in the place of a netlink socket."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)

    def __call__(self, *_: Any) -> "Kernel":
        return self

    def __enter__(self) -> "Kernel":
        return self

    def __exit__(self, *_: object) -> None:
        self.parts.clear()

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def send(self, request: bytes) -> None:
        assert len(request) == 72

    def recv(self, _: int) -> bytes:
        return self.parts.pop(0)


DONE = answer(3, struct.pack("=i", 0))


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (answer(2, struct.pack("=i", -errno.ENOENT)), errno.ENOENT),
        (answer(3, struct.pack("=i", -errno.EINVAL)), errno.EINVAL),
        (struct.pack("=IHHII", 4, 20, 0, 0, 0), errno.EBADMSG),
        (struct.pack("=IHHII", 400, 20, 0, 0, 0), errno.EBADMSG),
    ],
)
def test_a_refusal_of_the_kernel_is_raised(
    monkeypatch: pytest.MonkeyPatch, part: bytes, code: int
) -> None:
    monkeypatch.setattr(socket, "socket", Kernel(part))
    with pytest.raises(OSError, match=os.strerror(code)) as refused:
        list(diag.established(socket.AF_INET))
    assert refused.value.errno == code


def test_nothing_is_listed_when_there_is_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socket", Kernel(b"", DONE))
    assert list(diag.established(socket.AF_INET)) == []


def test_a_kernel_without_counters_tells_no_bytes(
    monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    """A connection that is closing carries no tcp_info."""
    ours, _ = connect(socket.AF_INET, "127.0.0.1")
    sought = of(ours)
    monkeypatch.setattr(diag, "WITH_INFO", 0)
    found = diag.look_up(sought)
    assert found is not None
    assert found.bytes_acked is None
