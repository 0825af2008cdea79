# SPDX-License-Identifier: Apache-2.0
"""A migration's connection found, measured and closed, on the loopback device."""

import errno
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from nova_xen import exceptions
from nova_xen.migration.interfaces import MigrationSocket, MigrationSockets
from nova_xen.migration.sockets import KernelSockets, diag, find

Pair = tuple[socket.socket, socket.socket]
Connect = Callable[..., Pair]
V4, V6 = socket.AF_INET, socket.AF_INET6
LIBVIRTD = 184
_PORTS = iter(find.MIGRATION_PORTS)


class Proc(Protocol):
    root: Any

    def process(
        self, pid: int, arguments: list[str], sockets: dict[int, socket.socket]
    ) -> None: ...

    def helper(self, pid: int, domid: int, fd: int, opened: socket.socket) -> None: ...


@pytest.fixture
def sender(connect: Connect) -> Callable[..., Pair]:
    """Connections to a port of libvirt's range, the next that is free."""

    def make(family: int = V4, address: str = "127.0.0.1") -> Pair:
        for port in _PORTS:
            try:
                return connect(family, address, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise AssertionError("no port of the range is free")

    return make


def inode(opened: socket.socket) -> int:
    return os.fstat(opened.fileno()).st_ino


def inode_found(found: MigrationSocket | None) -> int | None:
    return found.inode if found else None


def test_it_is_what_a_migration_asks_for() -> None:
    sockets: MigrationSockets = KernelSockets()
    assert sockets.find(1, "127.0.0.1") is None


@pytest.mark.parametrize(
    ("family", "address"), [(V4, "127.0.0.1"), (V6, "::1"), (V6, "::ffff:127.0.0.1")]
)
def test_the_helpers_connection_is_found(
    connect: Connect, proc: Proc, family: int, address: str
) -> None:
    """Whatever its port and address: the process tells."""
    ours, _ = connect(family, address)
    others, _ = connect(family, address)
    proc.helper(309, 1, 48, ours)
    proc.helper(310, 2, 48, others)
    sockets = KernelSockets(proc=proc.root)
    assert inode_found(sockets.find(1, "xen2")) == inode(ours)
    assert inode_found(sockets.find(2, "xen2")) == inode(others)
    assert sockets.find(3, "xen2") is None


def test_what_ran_before_is_not_looked_at_again(connect: Connect, proc: Proc) -> None:
    """A host has hundreds of processes; the helper is started by libvirt's call."""
    ours, _ = connect(V4, "127.0.0.1")
    proc.process(300, ["libvirtd"], {48: ours})
    sockets = KernelSockets(proc=proc.root)
    proc.helper(309, 1, 48, ours)
    assert inode_found(sockets.find(1, "xen2")) == inode(ours)
    os.replace(proc.root / "309" / "cmdline", proc.root / "300" / "cmdline")
    assert sockets.find(1, "xen2") is None
    sockets.baseline()
    assert inode_found(sockets.find(1, "xen2")) == inode(ours), "it is a helper now"


def test_libvirtds_own_is_none_of_a_domain_with_a_helper(
    sender: Connect, proc: Proc
) -> None:
    """The helper of a tunnelled migration sends through a pipe."""
    sockets = KernelSockets([LIBVIRTD], proc=proc.root)
    ours, _ = sender()
    proc.process(LIBVIRTD, ["libvirtd"], {48: ours})
    assert inode_found(sockets.find(1, "127.0.0.1")) == inode(ours)
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "wb") as pipe:
        proc.helper(309, 1, 48, pipe)  # type: ignore[arg-type]
        assert sockets.find(1, "127.0.0.1") is None


@pytest.mark.parametrize(
    ("family", "address", "asked", "is_it"),
    [
        (V4, "127.0.0.1", "127.0.0.1", True),
        (V4, "127.0.0.1", "localhost", True),
        (V6, "::1", "::1", True),
        (V6, "::1", "[::1]", True),
        (V6, "::ffff:127.0.0.1", "127.0.0.1", True),
        (V4, "127.0.0.1", "127.0.0.2", False),
        (V4, "127.0.0.1", "no.such.host.invalid", False),
    ],
)
def test_a_simulated_libxl_sends_from_libvirtd(
    sender: Connect, proc: Proc, family: int, address: str, asked: str, is_it: bool
) -> None:
    sockets = KernelSockets([LIBVIRTD], proc=proc.root)
    ours, _ = sender(family, address)
    proc.process(LIBVIRTD, ["libvirtd"], {48: ours})
    assert inode_found(sockets.find(1, asked)) == (inode(ours) if is_it else None)
    assert KernelSockets(proc=proc.root).find(1, asked) is None


def test_those_there_before_are_of_others(sender: Connect, proc: Proc) -> None:
    ours, _ = sender()
    proc.process(LIBVIRTD, ["libvirtd"], {48: ours})
    assert KernelSockets([LIBVIRTD], proc=proc.root).find(1, "127.0.0.1") is None


def test_one_of_several_is_not_guessed(sender: Connect, proc: Proc) -> None:
    sockets = KernelSockets([LIBVIRTD], proc=proc.root)
    first, second = sender()[0], sender()[0]
    proc.process(LIBVIRTD, ["libvirtd"], {48: first, 49: second})
    assert sockets.find(1, "127.0.0.1") is None
    sockets.baseline()
    third, _ = sender()
    proc.process(185, ["libvirtd"], {48: third})
    found = KernelSockets([185], proc=proc.root)
    assert found.find(1, "127.0.0.1") is None, "it was there before"


def test_a_connection_to_another_port_is_no_migration(
    connect: Connect, proc: Proc
) -> None:
    sockets = KernelSockets([LIBVIRTD], proc=proc.root)
    ours, _ = connect(V4, "127.0.0.1", 0)
    assert ours.getpeername()[1] not in find.MIGRATION_PORTS or pytest.skip("by chance")
    proc.process(LIBVIRTD, ["libvirtd"], {48: ours})
    assert sockets.find(1, "127.0.0.1") is None


def test_bytes_grow_until_it_is_closed(connect: Connect, proc: Proc) -> None:
    ours, theirs = connect(V4, "127.0.0.1")
    proc.helper(309, 1, 48, ours)
    sockets = KernelSockets(proc=proc.root)
    found = sockets.find(1, "xen2")
    assert found is not None
    before = sockets.bytes_acked(found)
    assert before is not None
    ours.sendall(b"x" * 10_000)
    assert len(theirs.recv(10_000, socket.MSG_WAITALL)) == 10_000
    after = sockets.bytes_acked(found)
    assert after is not None
    assert before < after <= before + 10_000
    theirs.close()
    ours.close()
    assert sockets.bytes_acked(found) is None
    assert sockets.close(found) is False


def can_destroy() -> bool:
    """What this kernel does to a connection of our own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        with ours:
            found = [
                each.socket
                for each in diag.established(V4)
                if each.socket.inode == inode(ours)
            ]
            try:
                return diag.destroy(found[0])
            except OSError:
                return False


def test_it_is_closed_under_its_process(connect: Connect, proc: Proc) -> None:
    """Where the kernel can; where it cannot it is said, and nothing is closed."""
    ours, theirs = connect(V4, "127.0.0.1")
    proc.helper(309, 1, 48, ours)
    sockets = KernelSockets(proc=proc.root)
    found = sockets.find(1, "xen2")
    assert found is not None
    if can_destroy():
        assert sockets.close(found) is True
        with pytest.raises(ConnectionAbortedError):
            ours.send(b"x")
        assert sockets.close(found) is False
        return
    with pytest.raises(exceptions.SocketsUnavailable) as refused:
        sockets.close(found)
    assert str(refused.value).startswith("The kernel's connections cannot be closed: ")
    ours.sendall(b"x")
    assert theirs.recv(1) == b"x"


NOT_ROOT = """
import os, socket, sys
from nova_xen import exceptions
from nova_xen.migration.sockets import KernelSockets, diag
server = socket.create_server(("127.0.0.1", 0))
ours = socket.create_connection(server.getsockname())
inode = os.fstat(ours.fileno()).st_ino
there = [each.socket for each in diag.established(socket.AF_INET)]
[found] = [each for each in there if each.inode == inode]
os.setuid(65534)
assert KernelSockets().bytes_acked(found) == 1
try:
    KernelSockets().close(found)
except exceptions.SocketsUnavailable as refused:
    print(refused)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="it gives up being root")
def test_who_is_not_root_measures_and_does_not_close() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOT_ROOT], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {
        "The kernel's connections cannot be closed: only root may, or who has the "
        "capability CAP_NET_ADMIN.",
        "The kernel's connections cannot be closed: this kernel was built without "
        "CONFIG_INET_DIAG_DESTROY.",
    }


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (errno.EPERM, "only root may, or who has the capability CAP_NET_ADMIN"),
        (
            errno.EOPNOTSUPP,
            "this kernel was built without CONFIG_INET_DIAG_DESTROY",
        ),
        (errno.ENOENT, "this kernel has no tcp_diag; try 'modprobe tcp_diag'"),
        (
            errno.EPROTONOSUPPORT,
            "this kernel has no sock_diag; try 'modprobe inet_diag'",
        ),
        (errno.EINVAL, f"[Errno {int(errno.EINVAL)}] Invalid argument"),
    ],
)
def test_a_kernel_that_does_not_answer(
    connect: Connect,
    proc: Proc,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: int,
    why: str,
) -> None:
    """Finding and measuring say so once and know nothing; closing raises it."""
    ours, _ = connect(V4, "127.0.0.1")
    proc.helper(309, 1, 48, ours)
    sockets = KernelSockets(proc=proc.root)
    found = sockets.find(1, "xen2")
    assert found is not None

    def refuse(*_: object) -> Iterator[object]:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(diag, "_netlink", refuse)
    with caplog.at_level(logging.WARNING):
        assert sockets.find(1, "xen2") is None
        assert sockets.bytes_acked(found) is None
    assert [each.message for each in caplog.records] == [
        f"The migration's connection cannot be found: {why}"
    ]
    with pytest.raises(exceptions.SocketsUnavailable) as refused:
        sockets.close(found)
    assert str(refused.value) == f"The kernel's connections cannot be closed: {why}."
