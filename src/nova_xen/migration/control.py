# SPDX-License-Identifier: Apache-2.0
"""What a person asks of a migration that another process runs: files beside it.

The process that migrates looks for them at each interval. A request that came when
nothing ran any more goes with the next migration's start.
"""

import contextlib
import enum
import os


class Wish(enum.StrEnum):
    """What can be asked of a running migration."""

    ABORT = "abort"
    FORCE_COMPLETE = "force-complete"


class Wishes:
    """Wishes for the migration of one server, below the state path."""

    def __init__(self, state_path: str, uuid: str) -> None:
        self._folder = state_path
        self._uuid = uuid

    def _path(self, wish: Wish) -> str:
        return os.path.join(self._folder, f"{self._uuid}.{wish}")

    def ask(self, wish: Wish) -> None:
        """Leave a wish for the process that migrates the server."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        with open(self._path(wish), "w", encoding="ascii"):
            pass

    def take(self, wish: Wish) -> bool:
        """Whether it was asked for; each wish is told once."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(wish))
            return True
        return False

    def clear(self) -> None:
        """Forget what was asked of an earlier migration."""
        for wish in Wish:
            self.take(wish)
