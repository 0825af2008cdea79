# SPDX-License-Identifier: Apache-2.0
"""Messages of sock_diag as bytes; what a real kernel makes of them is in test_diag."""

import contextlib
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen.migration.sockets import messages

#: an IPv4 connection 10.0.0.1:2 -> 10.0.0.3:4, up, on interface 5, cookie 6, inode 7
BODY = (
    struct.pack("=BBxx", socket.AF_INET, 1)
    + struct.pack(">HH16s16s", 2, 4, b"\x0a\0\0\x01", b"\x0a\0\0\x03")
    + struct.pack("=IQ", 5, 6)
    + struct.pack("=IIIII", 0, 0, 0, 0, 7)
)


def attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def info(acked: int) -> bytes:
    return bytes(120) + struct.pack("=Q", acked) + bytes(40)


def test_what_the_kernel_tells_of_a_connection() -> None:
    found = messages.connection(BODY)
    assert (found.socket.source, found.socket.source_port) == ("10.0.0.1", 2)
    assert (found.socket.destination, found.socket.destination_port) == ("10.0.0.3", 4)
    assert (found.interface, found.socket.cookie, found.socket.inode) == (5, 6, 7)
    assert (found.established, found.bytes_acked) == (True, None)


@pytest.mark.parametrize(
    ("attributes", "acked"),
    [
        (b"", None),
        (attribute(2, info(9)), 9),
        (attribute(8, b"\0") + attribute(2, info(9)), 9),
        (attribute(8, info(9)), None),
        (attribute(2, info(9)[:120]), None),  # an older kernel's
        (attribute(2, b""), None),
        (b"\0\0\0\0" + attribute(2, info(9)), None),
        (attribute(2, info(9))[:-60], None),
        (b"\x04", None),
    ],
)
def test_bytes_are_those_of_tcp_info(attributes: bytes, acked: int | None) -> None:
    assert messages.connection(BODY + attributes).bytes_acked == acked


@given(st.binary(max_size=200))
def test_nothing_but_an_error_of_the_system_comes_of_any_bytes(part: bytes) -> None:
    with contextlib.suppress(OSError):
        assert list(messages.split(part)) or len(part) < 16
    with contextlib.suppress(OSError):
        assert isinstance(messages.connection(part), messages.Connection)


@pytest.mark.parametrize("size", range(len(BODY)))
def test_a_message_that_is_cut_is_none(size: int) -> None:
    with pytest.raises(OSError, match="Bad message"):
        messages.connection(BODY[:size])


def test_a_request_has_the_kernels_layout() -> None:
    """struct nlmsghdr and struct inet_diag_req_v2: 16 and 56 bytes."""
    sought = messages.connection(BODY).socket
    asked = messages.request_for(20, 0x4, sought, extensions=2, interface=5)
    assert struct.unpack_from("=IHHII", asked) == (72, 20, 0x5, 0, 0)
    assert struct.unpack_from("=BBBxI", asked, 16) == (2, 6, 2, 0xFFFFFFFF)
    assert asked[24:] == BODY[4:52]
    everything = messages.request(20, 0x300, socket.AF_INET6, states=2, ports=(1, 2))
    assert struct.unpack_from("=IHHII", everything) == (72, 20, 0x301, 0, 0)
    assert struct.unpack_from("=BBBxI", everything, 16) == (10, 6, 0, 2)
    assert everything[24:] == struct.pack(">HH", 1, 2) + bytes(44)
