# SPDX-License-Identifier: Apache-2.0
"""A Xen host that exists in memory alone: libvirt's objects without libvirtd.

    host = FakeHost()
    connection = host.connect()
    domain = connection.defineXML(xml)
    domain.create()

It accepts and refuses what libvirt's libxl driver does on a real Xen host, with the
same error codes; the tests under tests/contract hold both to the same facts.
"""

from nova_xen.testing.connection import FakeConnection
from nova_xen.testing.copying import Copying, Point
from nova_xen.testing.domain import FakeDomain
from nova_xen.testing.gate import Call, Hang
from nova_xen.testing.guest import Guest
from nova_xen.testing.host import FakeHost
from nova_xen.testing.network import Network
from nova_xen.testing.xen import (
    FakePausing,
    FakeSockets,
    FakeSuspendWatch,
    FakeToolstack,
)

__all__ = [
    "Call",
    "Copying",
    "FakeConnection",
    "FakeDomain",
    "FakeHost",
    "FakePausing",
    "FakeSockets",
    "FakeSuspendWatch",
    "FakeToolstack",
    "Guest",
    "Hang",
    "Network",
    "Point",
]
