# SPDX-License-Identifier: Apache-2.0
"""A stream that carries nothing."""

from __future__ import annotations


class FakeStream:
    """Stands where libvirt.virStream stands; its other end says nothing."""

    def recv(self, size: int) -> bytes:
        """Return the end of the stream."""
        return b""

    def send(self, data: bytes) -> int:
        """Take bytes and forget them."""
        return len(data)

    def finish(self) -> int:
        """End the stream."""
        return 0

    def abort(self) -> int:
        """End the stream at once."""
        return 0
