# SPDX-License-Identifier: Apache-2.0
"""The decorator that makes a method of the fake a libvirt call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from nova_xen.testing.host import FakeHost

Method = TypeVar("Method", bound=Callable[..., Any])


class Endpoint(Protocol):
    """What a method needs of its object to become a call."""

    _host: FakeHost

    def _check_alive(self) -> None: ...

    def _subject(self) -> str | None: ...


def api(*operations: str, locked: bool = True) -> Callable[[Method], Method]:
    """Make a method a libvirt call, known to the gate by its name and `operations`.

    It runs under the host's lock unless `locked` is false: a long call gives others
    a chance.
    """

    def decorate(method: Method) -> Method:
        names = (method.__name__, *operations)

        @functools.wraps(method)
        def call(self: Endpoint, *arguments: Any, **options: Any) -> Any:
            self._check_alive()
            host = self._host
            given = (*arguments, *options.values())
            with host.gate.passing(names, self._subject(), given):
                self._check_alive()
                if not locked:
                    return method(self, *arguments, **options)
                with host.lock:
                    return method(self, *arguments, **options)

        return call  # type: ignore[return-value]

    return decorate
