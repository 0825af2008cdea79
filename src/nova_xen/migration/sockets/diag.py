# SPDX-License-Identifier: Apache-2.0
"""Requests to the kernel's sock_diag(7), in pyroute2's messages.

pyroute2's own socket takes the kernel's errors for messages of family AF_INET (both
are 2), so requests go over a plain netlink socket here and every answer is looked at.
"""

import contextlib
import dataclasses
import errno
import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

from pyroute2.netlink import (
    NETLINK_SOCK_DIAG,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
)
from pyroute2.netlink.diag import (
    SOCK_DESTROY,
    SOCK_DIAG_BY_FAMILY,
    SS_ESTABLISHED,
    inet_diag_msg,
    inet_diag_req,
)

from nova_xen.migration.interfaces import MigrationSocket

#: struct nlmsghdr: length, type, flags, sequence, port
_HEADER = struct.Struct("=IHHII")
_ERRNO = struct.Struct("=i")
#: the request's bit for an attribute is one less than its number (INET_DIAG_INFO is 2)
WITH_INFO = 1 << (2 - 1)
ALL_STATES = 0xFFFFFFFF
#: seconds that the kernel may take; it answers at once or never
_PATIENCE = 10
_BUFFER = 1 << 16
_NOT_THERE = frozenset({errno.ENOENT, errno.ESTALE})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Connection:
    """A TCP connection as the kernel told of it; ``interface`` is an index or 0.

    ``bytes_acked`` is None where it was not asked for, or no longer counted.
    """

    socket: MigrationSocket
    interface: int
    established: bool
    bytes_acked: int | None


def established(family: int) -> Iterator[Connection]:
    """Every connection of an address family that is up.

    :raises OSError: the kernel does not tell (ENOENT: its tcp_diag is missing)
    """
    request = _request(family, states=1 << SS_ESTABLISHED)
    return map(_connection, _exchange(request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP))


def look_up(sought: MigrationSocket) -> Connection | None:
    """The connection as it is now, in whatever state; None when it is gone.

    :raises OSError: the kernel does not tell
    """
    request = _request_for(sought, extensions=WITH_INFO)
    with contextlib.suppress(_Gone):
        for answer in _exact(request, SOCK_DIAG_BY_FAMILY, 0):
            return _connection(answer)
    return _look_through(sought)


def destroy(sought: MigrationSocket) -> bool:
    """Close the connection under its process; False when it was closed already.

    :raises OSError: EPERM, or EOPNOTSUPP from a kernel without INET_DIAG_DESTROY
    """
    found = look_up(sought)
    if found is None or not found.established:
        return False
    request = _request_for(sought, interface=found.interface)
    try:
        for _ in _exact(request, SOCK_DESTROY, NLM_F_ACK):
            pass
    except _Gone:
        return False
    return True


class _Gone(Exception):
    """No connection has these addresses, or another one has them by now."""


def _exact(request: Any, kind: int, flags: int) -> Iterator[Any]:
    try:
        yield from _exchange(request, kind, flags)
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise _Gone from error
        raise


def _look_through(sought: MigrationSocket) -> Connection | None:
    """Find it by its cookie among those of its ports.

    One that is bound to an interface, as IPv6 makes it for link-local addresses, is
    not found by its addresses alone; and only this request tells a connection that
    is gone (nothing) from a kernel that lacks tcp_diag (ENOENT).
    """
    request = _request(
        sought.family,
        extensions=WITH_INFO,
        ports=(sought.source_port, sought.destination_port),
    )
    for answer in _exchange(request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP):
        if answer["idiag_cookie"] == sought.cookie:
            return _connection(answer)
    return None


def _request(
    family: int,
    *,
    states: int = ALL_STATES,
    extensions: int = 0,
    ports: tuple[int, int] = (0, 0),
) -> Any:
    request = inet_diag_req()
    request["sdiag_family"] = family
    request["sdiag_protocol"] = socket.IPPROTO_TCP
    request["idiag_ext"] = extensions
    request["idiag_states"] = states
    request["idiag_sport"], request["idiag_dport"] = ports
    return request


def _request_for(
    sought: MigrationSocket, *, extensions: int = 0, interface: int = 0
) -> Any:
    ports = (sought.source_port, sought.destination_port)
    request = _request(sought.family, extensions=extensions, ports=ports)
    request["idiag_src"] = _words(sought.family, sought.source)
    request["idiag_dst"] = _words(sought.family, sought.destination)
    request["idiag_cookie"] = sought.cookie
    request["idiag_if"] = interface
    return request


def _words(family: int, address: str) -> tuple[int, ...]:
    packed = socket.inet_pton(family, address).ljust(16, b"\0")
    return struct.unpack(">4I", packed)


def _connection(message: Any) -> Connection:
    info = message.get_attr("INET_DIAG_INFO")
    return Connection(
        socket=MigrationSocket(
            family=message["idiag_family"],
            source=message["idiag_src"],
            source_port=message["idiag_sport"],
            destination=message["idiag_dst"],
            destination_port=message["idiag_dport"],
            cookie=message["idiag_cookie"],
            inode=message["idiag_inode"],
        ),
        interface=message["idiag_if"],
        established=message["idiag_state"] == SS_ESTABLISHED,
        # older kernels end tcp_info before this field, and a closed one has none
        bytes_acked=info.get("tcpi_bytes_acked") if info else None,
    )


def _exchange(request: Any, kind: int, flags: int) -> Iterator[Any]:
    """Send a request and decode each answer; errors of the kernel are raised."""
    request["header"]["type"] = kind
    request["header"]["flags"] = NLM_F_REQUEST | flags
    request.encode()
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG
    ) as netlink:
        netlink.settimeout(_PATIENCE)
        netlink.send(bytes(request.data))
        if flags & NLM_F_DUMP:
            yield from _dumped(netlink)
        else:
            yield from _messages(netlink.recv(_BUFFER))


def _dumped(netlink: socket.socket) -> Iterator[Any]:
    """Every message of every part, to the one that says it is the last."""
    while True:
        part = netlink.recv(_BUFFER)
        yield from _messages(part)
        if _last_type(part) == NLMSG_DONE:
            return


def _split(part: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the whole of each message in what was received."""
    offset = 0
    while offset + _HEADER.size <= len(part):
        length, kind, *_ = _HEADER.unpack_from(part, offset)
        if length < _HEADER.size or offset + length > len(part):
            raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
        yield kind, part[offset : offset + length]
        offset += (length + 3) & ~3


def _last_type(part: bytes) -> int | None:
    kind = None
    for kind, _ in _split(part):  # noqa: B007
        pass
    return kind


def _messages(part: bytes) -> Iterator[Any]:
    for kind, whole in _split(part):
        if kind in (NLMSG_ERROR, NLMSG_DONE):
            _raise_error(whole)
            continue
        message = inet_diag_msg(whole)
        message.decode()
        yield message


def _raise_error(whole: bytes) -> None:
    """NLMSG_ERROR carries minus an errno, 0 being the acknowledgement asked for."""
    if len(whole) < _HEADER.size + _ERRNO.size:
        return
    (code,) = _ERRNO.unpack_from(whole, _HEADER.size)
    if code < 0:
        raise OSError(-code, os.strerror(-code))
