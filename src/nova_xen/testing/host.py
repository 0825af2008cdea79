# SPDX-License-Identifier: Apache-2.0
"""A Xen host that exists in memory alone, for tests without Xen."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.daemon import Daemon
from nova_xen.testing.gate import Call, Fault, Gate, Hang
from nova_xen.testing.guest import DOMAIN_0, Guest
from nova_xen.testing.network import Network

if TYPE_CHECKING:
    from nova_xen.testing.connection import FakeConnection

NIL_UUID = "00000000-0000-0000-0000-000000000000"


class FakeHost(Daemon):
    """A host: memory, guests, what goes wrong on it, and its connections.

    Sizes are MiB. `exists` answers whether a file is there: Xen refuses to start a
    guest without its kernel or initrd. A missing image is not noticed, as on the
    real thing, until its disk is detached: that fails. `bridges` of None stands for
    "every bridge exists".
    """

    def __init__(
        self,
        hostname: str = "xen1",
        memory_mib: int = 4095,
        dom0_mib: int = 1536,
        cpus: int = 2,
        *,
        network: Network | None = None,
        exists: Callable[[str], bool] = os.path.exists,
        bridges: set[str] | None = None,
        shadow: bool = False,
    ) -> None:
        super().__init__()
        self.hostname = hostname
        self.memory_mib = memory_mib
        self.dom0_mib = dom0_mib
        self.cpus = cpus
        self.exists = exists
        self.bridges = bridges
        self.shadow = shadow
        self.versions = {"hypervisor": 4017000, "libvirt": 9000000}
        self.capabilities = xmltext.recording("capabilities.xml")
        self.cpu_comparison: int | None = None
        self.pci_devices: dict[str, str] = {}
        self.deaf_guests: set[str] = set()
        #: guests whose memory libxl fails to save
        self.unsavable: set[str] = set()
        self.job_timeout = 30.0
        self.changed = threading.Condition(self.lock)
        self.gate = Gate()
        self.network = network or Network()
        self._connections: weakref.WeakSet[FakeConnection] = weakref.WeakSet()
        #: closed with a callback, so that the daemon has a client that nobody is
        self.kept_open: list[FakeConnection] = []
        self.network.add(self)
        self._add_domain_0()

    def connect(self, uri: str = "xen:///system") -> FakeConnection:
        """Open a connection to this host, as libvirt.open() does."""
        from nova_xen.testing.connection import FakeConnection

        self.require_daemon()
        connection = FakeConnection(self, uri)
        with self.lock:
            self._connections.add(connection)
        return connection

    @property
    def calls(self) -> list[Call]:
        """Every libvirt call made so far, oldest first."""
        return self.gate.calls

    def fail_next(
        self,
        operation: str,
        code: int = libvirt.VIR_ERR_INTERNAL_ERROR,
        message: str = "internal error: injected",
        *,
        domain: int = errors.Origin.LIBXL,
        guest: str | None = None,
        after: bool = False,
        skip: int = 0,
    ) -> None:
        """Let the next call of an operation raise a libvirtError.

        `operation` is a method's name, or "create" for any way to start a guest.
        `after`: the call takes effect, then the error comes. `skip`: let so many
        calls pass first.
        """
        error = errors.raw_error(code, message, domain)
        self.gate.add_fault(Fault(operation, error, guest, after, skip))

    def interrupt_next(
        self,
        operation: str,
        exception: BaseException,
        *,
        guest: str | None = None,
        after: bool = False,
        skip: int = 0,
    ) -> None:
        """Let the next call raise any exception: a stand-in for a killed process."""
        self.gate.add_fault(Fault(operation, exception, guest, after, skip))

    def hang(self, operation: str, guest: str | None = None) -> Hang:
        """Let calls of an operation block until `release()`.

        The answer's `entered` event is set once a call blocks.
        """
        hang = Hang(operation, guest)
        self.gate.add_hang(hang)
        return hang

    def release(self) -> None:
        """Let every call that hangs go on."""
        self.gate.release()

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until every event raised so far was delivered (seconds)."""
        with self.lock:
            connections = list(self._connections)
        for connection in connections:
            if not connection.settle(timeout):
                raise TimeoutError(f"events of {self.hostname} were not delivered")

    def drop_transient(self, guest: Guest) -> None:
        """Forget a guest that is neither defined nor running."""
        if not guest.persistent and not guest.active:
            self.guests.pop(guest.uuid, None)

    def connections(self) -> list[FakeConnection]:
        """Return the open connections."""
        with self.lock:
            return list(self._connections)

    def forget(self, connection: FakeConnection) -> None:
        """Take a closed connection off the list."""
        with self.lock:
            self._connections.discard(connection)

    def guest(self, name: str) -> Guest:
        """Return what the host knows of a guest; KeyError when there is none."""
        with self.lock:
            for guest in self.guests.values():
                if guest.name == name:
                    return guest
        raise KeyError(name)

    def emit(self, event_id: int, guest: Guest, *details: Any) -> None:
        """Tell every connection of an event."""
        for connection in self.connections():
            connection.deliver(event_id, guest, details)

    def _add_domain_0(self) -> None:
        size = str(self.dom0_mib * 1024)
        root = xmltext.parse(xmltext.recording("dom0.xml"))
        root.attrib.pop("id")
        for tag in ("memory", "currentMemory"):
            xmltext.child(root, tag).text = size
        xmltext.child(root, "vcpu").text = str(self.cpus)
        guest = Guest(DOMAIN_0, NIL_UUID, root, id=0, persistent=True)
        guest.set_state(libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)
        guest.memory_kib = self.dom0_mib * 1024
        self.guests[NIL_UUID] = guest
