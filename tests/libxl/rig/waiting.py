# SPDX-License-Identifier: Apache-2.0
"""Wait for a condition nothing tells of."""

from __future__ import annotations

import time
from collections.abc import Callable

_DEADLINE_SECONDS = 60.0
_TICK_SECONDS = 0.02


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; TimeoutError when it never does."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the awaited condition did not come true")
        time.sleep(_TICK_SECONDS)
