# SPDX-License-Identifier: Apache-2.0
"""The destination's program: answers what the source asks, one line after the other.

It ends with its input, and when the source is silent for long: a source that lost its
power sends no end, and what this process holds must be let go for who puts it right.
"""

import logging
import os
import select
import socket
import time
from typing import Any

from nova_xen import exceptions
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.json import to_plain
from nova_xen.migration.peer import wire
from nova_xen.version import package_version

LOG = logging.getLogger(__name__)

#: seconds between two lines of the source, which sends a ping three times as often
SILENCE = 60.0
_CHUNK = 64 * 1024


class _TooLong(ValueError):
    """A line without an end; nobody can tell where the next one would begin."""


class _Lines:
    """The lines that come from a descriptor."""

    def __init__(self, number: int, silence: float) -> None:
        self._number = number
        self._silence = silence
        self._read = bytearray()

    def next(self) -> bytes | None:
        """The next line; None at the end of input, or of the source's patience.

        :raises _TooLong: it has more than the most bytes of a message
        """
        deadline = time.monotonic() + self._silence
        while (end := self._read.find(b"\n")) < 0:
            if len(self._read) > wire.LARGEST:
                raise _TooLong(f"it has more than {wire.LARGEST} bytes")
            if not self._fill(deadline - time.monotonic()):
                return None
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        return line

    def _fill(self, seconds: float) -> bool:
        # unlike select(2) it takes descriptors of any number
        poll = select.poll()
        poll.register(self._number, select.POLLIN)
        if not poll.poll(max(seconds, 0) * 1000):
            LOG.warning("The source was silent for %g seconds.", self._silence)
            return False
        chunk = os.read(self._number, _CHUNK)
        self._read += chunk
        return bool(chunk)


def serve(peer: Peer, requests: int, answers: int, *, silence: float = SILENCE) -> None:
    """Answer the requests that come from one descriptor to another until they end.

    :param silence: seconds without a request after which the source is given up
    """
    lines = _Lines(requests, silence)
    hello = wire.Hello(
        nova_xen_peer=wire.PROTOCOL, version=package_version(), host=_hostname()
    )
    try:
        _write(answers, wire.encode(hello))
        while (line := lines.next()) is not None:
            _write(answers, _answer(peer, line))
    except _TooLong as error:
        _write(answers, wire.encode(_told(None, _unreadable(error))))
    except (BrokenPipeError, ConnectionResetError):
        LOG.warning("The source went away before it had its answer.")
    finally:
        peer.close()


def _hostname() -> str:
    return socket.gethostname()


def _write(number: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(number, left) :]


def _answer(peer: Peer, line: bytes) -> bytes:
    answer = _carried_out(peer, line)
    try:
        return wire.encode(answer)
    except ValueError as error:
        return wire.encode(_told(answer.id, _unexpected(error)))


def _carried_out(peer: Peer, line: bytes) -> wire.Answer:
    try:
        request: wire.Request = wire.decode(line, wire.Request)
    except ValueError as error:
        return _told(None, _unreadable(error))
    try:
        return wire.Answer(id=request.id, result=_call(peer, request))
    except exceptions.NovaXenError as error:
        LOG.info("%s failed: %s", request.method, error)
        return _told(request.id, error)
    except Exception as error:
        LOG.exception("%s failed unexpectedly", request.method)
        return _told(request.id, _unexpected(error))


def _call(peer: Peer, request: wire.Request) -> Any:
    method = wire.METHODS.get(request.method)
    if method is None:
        raise _unreadable(ValueError(f"it has no method {request.method!r}"))
    try:
        arguments = wire.arguments_of(method, request.arguments)
    except ValueError as error:
        raise _unreadable(error) from error
    if request.method == wire.PING:
        return None
    return to_plain(getattr(peer, request.method)(**arguments))


def _told(number: int | None, error: exceptions.NovaXenError) -> wire.Answer:
    return wire.Answer(id=number, error=wire.failure_of(error))


def _unreadable(error: ValueError) -> exceptions.HypervisorError:
    return exceptions.HypervisorError(
        doing="reading a request of the other host",
        server="",
        why=str(error),
        code=None,
    )


def _unexpected(error: Exception) -> exceptions.HypervisorError:
    why = f"it failed unexpectedly ({type(error).__name__}: {error})"
    return exceptions.HypervisorError(
        doing="answering the other host", server="", why=why, code=None
    )
