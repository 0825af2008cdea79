# SPDX-License-Identifier: Apache-2.0
"""A fake host where every file exists, and guests for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nova_xen.testing import FakeConnection, FakeHost

Guest = Callable[..., str]


def document(name: str = "one", *, kind: str = "linux", memory_mib: int = 128) -> str:
    """Return a small guest's definition."""
    return (
        f'<domain type="xen"><name>{name}</name>'
        f'<memory unit="MiB">{memory_mib}</memory><vcpu>1</vcpu>'
        f"<os><type>{kind}</type><kernel>/kernel</kernel></os>"
        "<devices/></domain>"
    )


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(exists=lambda path: True)


@pytest.fixture
def connection(host: FakeHost) -> FakeConnection:
    return host.connect()


@pytest.fixture
def domain(connection: FakeConnection) -> Any:
    return connection.defineXML(document())


@pytest.fixture
def guest() -> Guest:
    """The function that makes a definition."""
    return document
