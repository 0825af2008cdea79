# SPDX-License-Identifier: Apache-2.0
"""TCP connections as the kernel has them, by sock_diag(7)."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator

from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.migration.sockets import messages
from nova_xen.migration.sockets.messages import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLMSG_DONE,
    NLMSG_ERROR,
    SOCK_DESTROY,
    SOCK_DIAG_BY_FAMILY,
    WITH_INFO,
    Connection,
)

#: seconds that the kernel may take; it answers at once or never
_PATIENCE = 10
_BUFFER = 1 << 16
_NOT_THERE = frozenset({errno.ENOENT, errno.ESTALE})


def established(family: int) -> Iterator[Connection]:
    """Every connection of an address family that is up.

    :raises OSError: the kernel does not tell (ENOENT: its tcp_diag is missing)
    """
    return _dumped(
        messages.request(
            *(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family),
            states=1 << messages.ESTABLISHED,
        )
    )


def look_up(sought: MigrationSocket) -> Connection | None:
    """The connection as it is now, in whatever state; None when it is gone.

    :raises OSError: the kernel does not tell
    """
    asked = messages.request_for(SOCK_DIAG_BY_FAMILY, 0, sought, extensions=WITH_INFO)
    with contextlib.suppress(_Gone):
        for answer in _exact(asked):
            return answer
    return _look_through(sought)


def destroy(sought: MigrationSocket) -> bool:
    """Close the connection under its process; False when it was closed already.

    :raises OSError: EPERM, or EOPNOTSUPP from a kernel without INET_DIAG_DESTROY
    """
    found = look_up(sought)
    if found is None or not found.established:
        return False
    asked = messages.request_for(
        SOCK_DESTROY, NLM_F_ACK, sought, interface=found.interface
    )
    try:
        _exact(asked)
    except _Gone:
        return False
    return True


class _Gone(Exception):
    """No connection has these addresses, or another one has them by now."""


def _look_through(sought: MigrationSocket) -> Connection | None:
    """Find it by its cookie among those of its ports.

    One that is bound to an interface, as IPv6 makes it for link-local addresses, is
    not found by its addresses alone; and only this request tells a connection that
    is gone (nothing) from a kernel that lacks tcp_diag (ENOENT).
    """
    asked = messages.request(
        *(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sought.family),
        extensions=WITH_INFO,
        ports=(sought.source_port, sought.destination_port),
    )
    for answer in _dumped(asked):
        if answer.socket.cookie == sought.cookie:
            return answer
    return None


def _exact(asked: bytes) -> list[Connection]:
    """The answers about one connection.

    :raises _Gone:
    """
    try:
        with _netlink() as netlink:
            netlink.send(asked)
            return _told(netlink.recv(_BUFFER))[0]
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise _Gone from error
        raise


def _dumped(asked: bytes) -> Iterator[Connection]:
    """Those in every part of an answer, to the message that says it is the last."""
    with _netlink() as netlink:
        netlink.send(asked)
        over = False
        while not over:
            found, over = _told(netlink.recv(_BUFFER))
            yield from found


@contextlib.contextmanager
def _netlink() -> Iterator[socket.socket]:
    kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
    with socket.socket(
        *(socket.AF_NETLINK, kind, messages.NETLINK_SOCK_DIAG)
    ) as netlink:
        netlink.settimeout(_PATIENCE)
        yield netlink


def _told(part: bytes) -> tuple[list[Connection], bool]:
    """The connections in what was received, and whether the last message is in it.

    :raises OSError: what the kernel refuses with
    """
    found, over = [], False
    for kind, body in messages.split(part):
        if kind not in (NLMSG_ERROR, NLMSG_DONE):
            found.append(messages.connection(body))
            continue
        over = over or kind == NLMSG_DONE
        if code := messages.error_of(body):
            raise OSError(code, os.strerror(code))
    return found, over
