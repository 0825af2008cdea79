# SPDX-License-Identifier: Apache-2.0
"""libvirt's event loop on one thread of the process.

libvirt wants its loop registered before the first connection is opened and run for
as long as events shall come; there is one for the whole process.
"""

import atexit
import logging
import threading
from typing import Any, ClassVar

import libvirt

from nova_xen.hypervisor.deadlines import real_threading

LOG = logging.getLogger(__name__)

#: milliseconds after which the loop looks whether it shall end
WAKE_UP_MS = 500


class EventLoop:
    """The loop; ``EventLoop.shared()`` is the only one a process may start."""

    _shared: ClassVar["EventLoop | None"] = None
    _registered: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: Any = None
        self._stopping = False

    @classmethod
    def shared(cls) -> "EventLoop":
        """The process's loop, not yet started unless somebody did."""
        if cls._shared is None:
            cls._shared = cls()
        return cls._shared

    @property
    def running(self) -> bool:
        """Whether events are being delivered."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Register the loop with libvirt and run it; a second start does nothing."""
        with self._lock:
            if self.running:
                return
            self._register()
            # an interpreter that ends under libvirt's callbacks dies of a signal
            atexit.register(self.stop)
            self._stopping = False
            self._thread = real_threading().Thread(
                target=self._run, name="nova-xen-event-loop", daemon=True
            )
            self._thread.start()

    def stop(self, seconds: float = 10) -> bool:
        """End the thread; False when it did not end within ``seconds``."""
        with self._lock:
            if self._thread is None:
                return True
            self._stopping = True
            self._thread.join(seconds)
            atexit.unregister(self.stop)
            return not self.running

    @classmethod
    def _register(cls) -> None:
        if cls._registered:
            return
        libvirt.virEventRegisterDefaultImpl()
        # without a timer the loop would sleep until the next event and never stop
        libvirt.virEventAddTimeout(WAKE_UP_MS, _wake_up, None)
        cls._registered = True

    def _run(self) -> None:
        while not self._stopping:
            try:
                libvirt.virEventRunDefaultImpl()
            except libvirt.libvirtError:
                LOG.exception("libvirt's event loop failed once and goes on")


def _wake_up(_timer: int, _opaque: object) -> None:
    return None
