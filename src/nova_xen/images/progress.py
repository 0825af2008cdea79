# SPDX-License-Identifier: Apache-2.0
"""How far a long copy is."""

from collections.abc import Callable

#: called with what is being done and how much of it is done, from 0.0 to 1.0
Progress = Callable[[str, float], None]


def no_progress(what: str, fraction: float) -> None:
    """Tell nobody."""
