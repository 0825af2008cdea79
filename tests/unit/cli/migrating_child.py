# SPDX-License-Identifier: Apache-2.0
"""A driver whose migration does what a file says, in a process of its own.

Steps, one a line: a state is told to whoever watches; ``keep`` keeps a record;
``press`` is Ctrl-C at the command, once that has drawn that it copies; ``until NAME``
waits for a file; ``print`` prints, ``warn`` and ``inform`` log; ``refuse``, ``abort``,
``err`` and ``die`` are ends.
"""

import logging
import os
import pathlib
import signal
import sys
import time
from collections.abc import Callable

from nova_xen import exceptions
from nova_xen.cli import app, detached, migrating
from nova_xen.migration.history import History
from nova_xen.model import (
    MigrationProgress,
    MigrationRecord,
    MigrationRequest,
    MigrationState,
)
from unit.cli.migrations import make_progress, make_record
from unit.cli.stub import StubDriver, make_server

PATIENCE = 30.0


def wait_for(path: pathlib.Path) -> None:
    """Return once the file is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path} did not come")
        time.sleep(0.01)


class Scripted(StubDriver):
    """Its migration follows the script in a folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self._folder = folder
        self._history = History(str(folder))

    def abort_migration(self, server: str) -> None:
        (self._folder / "aborted").touch()

    def migrate(
        self,
        request: MigrationRequest,
        watch: Callable[[MigrationProgress], None] | None = None,
    ) -> MigrationRecord:
        assert watch is not None
        record = make_record(name=request.server, destination=request.destination)
        (self._folder / "request").write_text(repr(request))
        for step in (self._folder / "script").read_text().splitlines():
            if step in [each.value for each in MigrationState]:
                watch(make_progress(state=MigrationState(step)))
            else:
                self._do(step, record, request)
        self._history.keep(record)
        (self._folder / "over").touch()
        return record

    def _do(
        self, step: str, record: MigrationRecord, request: MigrationRequest
    ) -> None:
        word, _, name = step.partition(" ")
        names = {"server": request.server, "destination": request.destination}
        match word:
            case "keep":
                self._history.keep(record)
            case "press":
                # a signal is faster than what was written into a pipe before it
                wait_for(self._folder / "heard")
                os.kill(os.getppid(), signal.SIGINT)
            case "until":
                wait_for(self._folder / name)
            case "refuse":
                raise exceptions.MigrationRefused(why="xen2 is too small", **names)
            case "abort":
                raise exceptions.MigrationAborted(
                    why="as it was asked for", where="It runs here", **names
                )
            case "err":
                raise TypeError("unforeseen")
            case "die":
                print("last words", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            case "warn" | "inform":
                level = logging.WARNING if word == "warn" else logging.INFO
                logging.getLogger("nova_xen.x").log(level, "Server db: tcp\nis open")
                logging.getLogger("urllib3").log(level, "https://secret")
            case "print":
                print("what a library prints is no message")


class Kept(StubDriver):
    """The command's driver; its migrations are those that the child keeps."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(make_server("db", 1))
        self._folder = folder
        self.log = str(folder / "logs" / "log")

    def get_migration(self, migration: str) -> MigrationRecord:
        return History(str(self._folder)).find(migration)

    def abort_migration(self, server: str) -> None:
        (self._folder / "aborted").touch()
        super().abort_migration(server)


def child_command(folder: pathlib.Path) -> tuple[str, ...]:
    """What starts the process, in place of the product's."""
    return (sys.executable, "-P", "-m", "unit.cli.migrating_child", str(folder))


def command(folder: str) -> int:
    """The command itself, in a process that a test may kill."""
    detached.CHILD = child_command(pathlib.Path(folder))
    argv = ["server", "migrate", "db", "--host", "xen2", "--wait"]
    return app.main(argv, opener=lambda _files, _uri: Kept(pathlib.Path(folder)))


def main(folder: str, launch: str) -> int:
    """The process, with the script of a folder."""
    return migrating.main(
        [launch], opener=lambda _files, _uri: Scripted(pathlib.Path(folder))
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
