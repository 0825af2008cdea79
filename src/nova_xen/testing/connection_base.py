# SPDX-License-Identifier: Apache-2.0
"""What every call on a connection needs: its host, and whether it still lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libvirt

from nova_xen.testing import errors
from nova_xen.testing.errors import Origin
from nova_xen.testing.events import Callback, Registry

if TYPE_CHECKING:
    from nova_xen.testing.host import FakeHost


class ConnectionBase:
    """A connection to one fake host under one URI."""

    def __init__(self, host: FakeHost, uri: str) -> None:
        self._host = host
        self._uri = uri
        self._registry = Registry()
        self._close_callback: tuple[Callback, object] | None = None
        self._broken = False
        self._closed = False

    def _subject(self) -> str | None:
        return None

    def _check_alive(self) -> None:
        if self._closed:
            code = libvirt.VIR_ERR_INVALID_CONN
            detail = "invalid connection pointer in virConnect"
            raise errors.raw_error(code, detail, Origin.NONE)
        if self._broken:
            code = libvirt.VIR_ERR_INTERNAL_ERROR
            raise errors.error(code, "client socket is closed", Origin.RPC)
