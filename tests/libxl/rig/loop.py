# SPDX-License-Identifier: Apache-2.0
"""libvirt's event loop on a thread of its own."""

from __future__ import annotations

import functools
import threading

import libvirt


def _run() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def _quiet(context: object, error: object) -> None:
    """Keep libvirt from printing what it raises anyway."""


@functools.cache
def start_event_loop() -> None:
    """Start the loop, once for the process and before the first connection."""
    libvirt.registerErrorHandler(_quiet, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run, name="libvirt-events", daemon=True).start()
