# SPDX-License-Identifier: Apache-2.0
"""Progress lines with the seconds since the command began."""

import sys
import time

_START = time.monotonic()


def elapsed() -> float:
    """Seconds since this process began to work."""
    return time.monotonic() - _START


def say(text: str) -> None:
    """Print one progress line to standard error; results go to standard output."""
    print(f"[{elapsed():6.1f}s] {text}", file=sys.stderr, flush=True)
