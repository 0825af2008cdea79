# SPDX-License-Identifier: Apache-2.0
"""A process that migrates the server "web" and dies by SIGKILL at a journal's write.

Run as a program: FOLDER URI1 TCP1 PID1 URI2 TCP2 PID2 WRITE
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from libxl.migrating import Between, Place, Running
from libxl.rig.loop import start_event_loop
from libxl.rig.simulation import Simulation
from nova_xen.migration.journal import Journals
from nova_xen.model import MigrationJournal


class Writes:
    """Counts the writes of both hosts' journals; the last one kills."""

    def __init__(self, last: int) -> None:
        self._left = last
        self._keep = Journals.keep

    def keep(self, journals: Journals, journal: MigrationJournal) -> None:
        """Write, and die if it was the last."""
        self._keep(journals, journal)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def place(folder: Path, name: str, uri: str, tcp_uri: str, pid: str) -> Place:
    """A host whose daemon runs already."""
    own = folder / name
    running = Running(uri, tcp_uri, int(pid), Simulation(own / "xen"))
    return Place(running, own, folder)


def main(folder: Path, first: list[str], second: list[str], last: int) -> None:
    """Migrate until the write."""
    start_event_loop()
    writes = Writes(last)
    Journals.keep = lambda self, journal: writes.keep(self, journal)  # type: ignore[method-assign]
    way = Between(
        place(folder, "xen1", *first),
        place(folder, "xen2", *second),
    )
    way.migrate("web")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:5], sys.argv[5:8], int(sys.argv[8]))
