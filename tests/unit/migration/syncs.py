# SPDX-License-Identifier: Apache-2.0
"""What is synced to the disk, in order: the names of files and folders."""

import os
import pathlib
from collections.abc import Callable

import pytest


class Syncs(list[str]):
    """Every fsync since, by its path below ``root``; temporary names as a star."""

    def __init__(self, root: pathlib.Path, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._root = root
        self._fsync: Callable[[int], None] = os.fsync
        patch.setattr(os, "fsync", self._sync)

    def _sync(self, number: int) -> None:
        self._fsync(number)
        path = os.path.relpath(os.readlink(f"/proc/self/fd/{number}"), self._root)
        folder, name = os.path.split(path)
        temporary = name.startswith(".") and path != "."
        self.append(os.path.join(folder, "*") if temporary else path)

    def take(self) -> list[str]:
        """Those since the last look."""
        taken = list(self)
        self.clear()
        return taken
