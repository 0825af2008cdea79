# SPDX-License-Identifier: Apache-2.0
"""libvirt's call on a thread of its own, while the migration is watched."""

import threading
from collections.abc import Callable


class Call:
    """One call that takes as long as the guest's memory does."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="nova-xen-migrate", daemon=True
        )

    def start(self) -> None:
        """Begin; ``wait`` tells when it is over."""
        self._thread.start()

    def _run(self) -> None:
        try:
            self._function()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; False when ``seconds`` went by first."""
        return self._done.wait(seconds)

    def outcome(self) -> None:
        """Raise what the call raised, if it did."""
        if self._error is not None:
            raise self._error
