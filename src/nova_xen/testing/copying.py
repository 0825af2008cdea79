# SPDX-License-Identifier: Apache-2.0
"""The copy phase of a migration, for tests to hold, end or break."""

from __future__ import annotations

import threading


class Copying:
    """The copy of memory of coming migrations: held, then let go or broken."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._go = threading.Event()
        self._broken = False

    def finish(self) -> None:
        """Let the copy come to its end."""
        self._go.set()

    def break_off(self) -> None:
        """Cut the stream, as closing its socket at the source does."""
        self._broken = True
        self._go.set()

    def copy(self) -> bool:
        """Wait until told to go on; False when the stream was cut."""
        self.entered.set()
        self._go.wait()
        return not self._broken
