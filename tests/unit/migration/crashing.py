# SPDX-License-Identifier: Apache-2.0
"""The death of a process: at a write of a journal, or as soon as it looks."""

from nova_xen.migration.journal import Journals
from nova_xen.model import MigrationJournal


class Killed(BaseException):
    """Stands for the end of the process that migrates."""


class Crash:
    """Kills the process at one of its writes of a journal, or as soon as it looks."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._after = False
        self._now = False
        #: writes since it was set
        self.writes = 0

    def set(self, write: int | None, *, after: bool = False) -> None:
        """At the ``write``-th from now on, counted from 0; None for never."""
        self._left, self._after, self.writes = write, after, 0
        self._now = False

    def now(self) -> None:
        """At the next thing that the process does."""
        self._now = True

    def look(self) -> None:
        """The process looks at its clock, as it does all the time."""
        if self._now:
            self._now = False
            raise Killed

    def before(self) -> None:
        """A journal is about to be written."""
        self.look()
        if self._left == 0 and not self._after:
            self._left = None
            raise Killed

    def after(self) -> None:
        """A journal was written."""
        self.writes += 1
        if self._left == 0:
            self._left = None
            raise Killed
        if self._left is not None:
            self._left -= 1


class Clock:
    """A clock of its own: it goes on when somebody looks or sleeps."""

    def __init__(self, crash: Crash) -> None:
        self._crash = crash
        self._now = 1000.0

    def __call__(self) -> float:
        self._crash.look()
        self._now += 0.01
        return self._now

    def sleep(self, seconds: float) -> None:
        """Nobody waits for real."""
        self._now += seconds


class CrashingJournals(Journals):
    """Journals at whose writes the process may die."""

    def __init__(self, state_path: str, crash: Crash) -> None:
        super().__init__(state_path, tell=lambda text: None)
        self._crash = crash

    def keep(self, journal: MigrationJournal) -> None:
        self._crash.before()
        super().keep(journal)
        self._crash.after()

    def remove(self, uuid: str) -> None:
        self._crash.before()
        super().remove(uuid)
        self._crash.after()
