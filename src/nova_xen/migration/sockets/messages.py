# SPDX-License-Identifier: Apache-2.0
"""What goes to the kernel's sock_diag(7) and comes back, as bytes.

The layouts are linux/netlink.h's and linux/inet_diag.h's. A migration looks at its
connection at each interval; a library that describes every message of netlink takes
0.15 s of an emulated processor for it, and seconds to be imported.
"""

import dataclasses
import errno
import os
import socket
import struct
from collections.abc import Iterator

from nova_xen.migration.interfaces import MigrationSocket

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY, SOCK_DESTROY = 20, 21
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
ESTABLISHED = 1
#: as bits of the states that are asked for
ALL_STATES = 0xFFFFFFFF

#: struct nlmsghdr: length, type, flags, sequence, port
_HEADER = struct.Struct("=IHHII")
_ERRNO = struct.Struct("=i")
#: struct inet_diag_req_v2 up to its socket: family, protocol, extensions, states
_ASKED = struct.Struct("=BBBxI")
#: struct inet_diag_sockid: the ports and addresses as on the wire, then as the host
#: writes numbers
_ENDS = struct.Struct(">HH16s16s")
_KNOWN_BY = struct.Struct("=IQ")
#: struct inet_diag_msg: family, state; after its socket expires, two queues, uid, inode
_STATE = struct.Struct("=BBxx")
_REST = struct.Struct("=IIIII")
#: struct rtattr: length, type
_ATTRIBUTE = struct.Struct("=HH")
_INFO = 2
#: the request's bit for an attribute is one less than its number
WITH_INFO = 1 << (_INFO - 1)
#: tcpi_bytes_acked of struct tcp_info, which older kernels end before
_BYTES_ACKED = struct.Struct("=120xQ")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Connection:
    """A TCP connection as the kernel told of it; ``interface`` is an index or 0.

    ``bytes_acked`` is None where it was not asked for, or no longer counted.
    """

    socket: MigrationSocket
    interface: int
    established: bool
    bytes_acked: int | None


def request(
    kind: int,
    flags: int,
    family: int,
    *,
    states: int = ALL_STATES,
    extensions: int = 0,
    ports: tuple[int, int] = (0, 0),
) -> bytes:
    """Ask for the connections of a family, all or those between two ports."""
    asked = _ASKED.pack(family, socket.IPPROTO_TCP, extensions, states)
    nobody = b"\0" * 16
    ends = _ENDS.pack(*ports, nobody, nobody)
    return _whole(kind, flags, asked + ends + _KNOWN_BY.pack(0, 0))


def request_for(
    kind: int,
    flags: int,
    sought: MigrationSocket,
    *,
    extensions: int = 0,
    interface: int = 0,
) -> bytes:
    """Ask for, or about, one connection."""
    asked = _ASKED.pack(sought.family, socket.IPPROTO_TCP, extensions, ALL_STATES)
    ends = _ENDS.pack(
        sought.source_port,
        sought.destination_port,
        _packed(sought.family, sought.source),
        _packed(sought.family, sought.destination),
    )
    known_by = _KNOWN_BY.pack(interface, sought.cookie)
    return _whole(kind, flags, asked + ends + known_by)


def _packed(family: int, address: str) -> bytes:
    return socket.inet_pton(family, address).ljust(16, b"\0")


def _whole(kind: int, flags: int, body: bytes) -> bytes:
    length = _HEADER.size + len(body)
    return _HEADER.pack(length, kind, NLM_F_REQUEST | flags, 0, 0) + body


def split(part: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the body of each message in what was received.

    :raises OSError: EBADMSG
    """
    offset = 0
    while offset + _HEADER.size <= len(part):
        length, kind, *_ = _HEADER.unpack_from(part, offset)
        if length < _HEADER.size or offset + length > len(part):
            raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))
        yield kind, part[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def error_of(body: bytes) -> int:
    """The errno that NLMSG_ERROR or NLMSG_DONE carries, 0 for none."""
    if len(body) < _ERRNO.size:
        return 0
    (code,) = _ERRNO.unpack_from(body)
    return -code if code < 0 else 0


def connection(body: bytes) -> Connection:
    """What a message of the kernel's tells.

    :raises OSError: EBADMSG
    """
    try:
        return _connection(body)
    except struct.error as error:
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG)) from error


def _connection(body: bytes) -> Connection:
    family, state = _STATE.unpack_from(body)
    offset = _STATE.size
    source_port, destination_port, source, destination = _ENDS.unpack_from(body, offset)
    offset += _ENDS.size
    interface, cookie = _KNOWN_BY.unpack_from(body, offset)
    offset += _KNOWN_BY.size
    *_, inode = _REST.unpack_from(body, offset)
    return Connection(
        socket=MigrationSocket(
            family=family,
            source=_address(family, source),
            source_port=source_port,
            destination=_address(family, destination),
            destination_port=destination_port,
            cookie=cookie,
            inode=inode,
        ),
        interface=interface,
        established=state == ESTABLISHED,
        bytes_acked=_bytes_acked(body, offset + _REST.size),
    )


def _address(family: int, packed: bytes) -> str:
    size = 4 if family == socket.AF_INET else 16
    return socket.inet_ntop(family, packed[:size])


def _bytes_acked(body: bytes, offset: int) -> int | None:
    """From the attributes; a connection that is closed has no tcp_info."""
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size:
            break
        info = body[offset + _ATTRIBUTE.size : offset + length]
        if kind == _INFO and len(info) >= _BYTES_ACKED.size:
            acked: int = _BYTES_ACKED.unpack_from(info)[0]
            return acked
        offset += (length + 3) & ~3
    return None
