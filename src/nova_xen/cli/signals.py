# SPDX-License-Identifier: Apache-2.0
"""Signals that stop a command become an exception, so that begun work is undone."""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = b"\nStopping already; what was begun is being undone.\n"


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to stop."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class _Stopper:
    """Raises at the first signal; the ones after it must not break the undoing."""

    def __init__(self) -> None:
        self._stopping = False

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        if self._stopping:
            os.write(2, PATIENCE)
            return
        self._stopping = True
        raise Interrupted(signum)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise :class:`Interrupted` within; signals that are ignored remain so."""
    stopper = _Stopper()
    heeded = [s for s in STOPPING if signal.getsignal(s) is not signal.SIG_IGN]
    before = {signum: signal.signal(signum, stopper) for signum in heeded}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
