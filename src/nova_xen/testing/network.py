# SPDX-License-Identifier: Apache-2.0
"""The hosts that can reach each other, for migration between fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.errors import Origin

if TYPE_CHECKING:
    from nova_xen.testing.host import FakeHost

DAEMON_PORT = 16509


class Network:
    """Host names and the hosts behind them."""

    def __init__(self) -> None:
        self._hosts: dict[str, FakeHost] = {}

    def add(self, host: FakeHost, *names: str) -> None:
        """Let a host be reached by its own name and by others."""
        for name in (host.hostname, *names):
            self._hosts[name] = host

    def remove(self, name: str) -> None:
        """Make a name unreachable."""
        self._hosts.pop(name, None)

    def find(self, uri: str) -> FakeHost:
        """Return the host behind a libvirt URI, or refuse as libvirt does."""
        parts = urlsplit(uri)
        host = self._hosts.get(parts.hostname or "")
        if host is None or not host.reachable:
            where = f"{parts.hostname}:{parts.port or DAEMON_PORT}"
            detail = f"unable to connect to server at '{where}': Connection refused"
            code = libvirt.VIR_ERR_SYSTEM_ERROR
            raise errors.error(code, detail, Origin.RPC)
        return host
