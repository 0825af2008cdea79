# SPDX-License-Identifier: Apache-2.0
"""The messages between the two hosts' programs: one line of JSON each.

    <- {"nova_xen_peer": 1, "version": "0.1.0", "host": "xen2"}
    -> {"id": 1, "method": "view", "arguments": {"uuid": "…", "name": "web"}}
    <- {"id": 1, "result": {…}}
    <- {"id": 2, "error": {"kind": "MigrationRefused", "context": {…}, …}}

The methods are those of :class:`nova_xen.migration.interfaces.Peer`, whose annotations
say what goes over, and ``ping``.
"""

import contextlib
import dataclasses
import math
import typing
from collections.abc import Mapping
from typing import Any

from nova_xen import exceptions
from nova_xen.migration.interfaces import Peer
from nova_xen.migration.json import dumps, from_plain, loads, to_plain

#: both sides must speak the same one
PROTOCOL = 1
GREETING = "nova_xen_peer"
PING = "ping"
#: bytes of a line; a domain document has some thousand
LARGEST = 8 * 1024 * 1024

_NAMES = ("ask", "missing", "begin", "note", "arrived", "view", "carry_out", "end")


@dataclasses.dataclass(frozen=True)
class Method:
    """What a method takes and gives."""

    arguments: Mapping[str, Any]
    result: Any


def _method(name: str) -> Method:
    hints = typing.get_type_hints(getattr(Peer, name))
    return Method(result=hints.pop("return"), arguments=hints)


METHODS: Mapping[str, Method] = {
    **{name: _method(name) for name in _NAMES},
    PING: Method(arguments={}, result=type(None)),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hello:
    """What the destination's program says first."""

    nova_xen_peer: int
    version: str
    host: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """A question, numbered by who asks."""

    id: int
    method: str
    arguments: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """An exception, by its class's name and what its sentence is made of."""

    kind: str
    context: Mapping[str, Any]
    sentence: str
    details: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a question; ``id`` is None when it could not be read."""

    id: int | None
    result: Any = None
    error: Failure | None = None


def encode(message: Hello | Request | Answer) -> bytes:
    """A message as a line.

    :raises ValueError: it holds a number that JSON does not have
    """
    return dumps(to_plain(message)).encode("ascii") + b"\n"


def decode(line: bytes, kind: type[Any]) -> Any:
    """The message of this kind in a line.

    :raises ValueError: there is none
    """
    return from_plain(loads(line), kind)


def arguments_of(method: Method, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a request, as the method takes them.

    :raises ValueError: one is missing, unknown or of another type
    """
    if given.keys() != method.arguments.keys():
        wanted = ", ".join(method.arguments) or "none"
        raise ValueError(
            f"its arguments are {', '.join(given) or 'none'}, not {wanted}"
        )
    return {
        name: from_plain(given[name], kind) for name, kind in method.arguments.items()
    }


def failure_of(error: exceptions.NovaXenError) -> Failure:
    """An error as it goes over."""
    context = {name: _scalar(value) for name, value in error.context.items()}
    return Failure(
        kind=type(error).__name__,
        context=context,
        sentence=error.sentence,
        details=error.details,
    )


def _scalar(value: object) -> object:
    """Numbers and texts as they are; all else as the sentence would show it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, int | str) else str(value)


def error_of(failure: Failure, host: str) -> exceptions.NovaXenError:
    """The same exception here, with the host that it comes from as a detail.

    One that this version does not know becomes a HypervisorError.
    """
    told = (*failure.details, f"Host {host} said so.")
    known = getattr(exceptions, failure.kind, None)
    if isinstance(known, type) and issubclass(known, exceptions.NovaXenError):
        # another version's sentence may have other words
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return known(**failure.context).with_details(told)
    return exceptions.HypervisorError(
        doing=f"asking host {host}",
        server="",
        why=failure.sentence.rstrip("."),
        code=None,
    ).with_details(told)
