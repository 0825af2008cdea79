# SPDX-License-Identifier: Apache-2.0
"""A fake host with guests on it, and the connection under test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from nova_xen.domain import (
    Devices,
    Domain,
    NovaFlavor,
    NovaImage,
    NovaInstance,
    Os,
    OsType,
    format_domain,
)
from nova_xen.hypervisor import Connection, Deadlines, Guest, define_guest
from nova_xen.testing import FakeHost

MakeGuest = Callable[..., Guest]


def instance(name: str) -> NovaInstance:
    """Metadata that makes a domain a server of ours."""
    flavor = NovaFlavor(name="f", memory=256, disk=1, swap=0, ephemeral=0, vcpus=1)
    image = NovaImage(uuid="", disk_format="raw", min_disk=0, min_ram=0)
    return NovaInstance(
        package="1.0",
        name=name,
        creation_time="2026-01-01 00:00:00",
        flavor=flavor,
        image=image,
    )


def document(name: str, *, ours: bool = True, **changes: object) -> Domain:
    """A small PV guest."""
    values: dict[str, object] = {
        "name": name,
        "uuid": str(uuid.uuid4()),
        "instance": instance(name) if ours else None,
        "memory": 262144,
        "vcpus": 1,
        "os": Os(type=OsType.XEN, kernel="/boot/vmlinuz"),
        "devices": Devices(),
    }
    return Domain(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host whose hanging calls end with the test."""
    made = FakeHost(exists=lambda path: True)
    yield made
    made.release()


@pytest.fixture
def connection(host: FakeHost) -> Iterator[Connection]:
    """A connection to that host with generous deadlines."""
    made = Connection(opener=host.connect, deadlines=Deadlines(open=60, query=60))
    yield made
    made.close()


@pytest.fixture
def make_guest(connection: Connection) -> MakeGuest:
    """Define a guest of a name and hand out its handle."""

    def make(name: str = "web1", *, ours: bool = True, **changes: object) -> Guest:
        domain = document(name, ours=ours, **changes)
        return define_guest(connection, format_domain(domain), name)

    return make


@pytest.fixture
def guest(make_guest: MakeGuest) -> Guest:
    """One guest, defined and off."""
    return make_guest()
