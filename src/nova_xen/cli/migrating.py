# SPDX-License-Identifier: Apache-2.0
"""The process that migrates a server, apart from the command that asked for it.

A migration must not end with a terminal or a Ctrl-C, so it has a process and a session
of its own. On its stdout it tells the command, as long as there is one, where it is: a
word and JSON on a line. It never waits for the reader.
"""

import contextlib
import dataclasses
import json
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence

from nova_xen.cli import endings, logs
from nova_xen.cli.detached import next_of
from nova_xen.cli.session import Driver, Opener, open_driver
from nova_xen.exceptions import NovaXenError
from nova_xen.migration.json import from_json, to_json
from nova_xen.model import MigrationProgress, MigrationRequest

LOG = logging.getLogger(__name__)

#: a line this long goes into a pipe whole or not at all (PIPE_BUF of pipe(7))
LONGEST = 4096
_CLOSED = -1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Launch:
    """What the process is told, as JSON, its one argument."""

    request: MigrationRequest
    files: tuple[str, ...] = ()
    connection: str | None = None


class Channel:
    """Lines to the command that asked, which may be stopped or gone."""

    def __init__(self, number: int) -> None:
        self._number = number
        os.set_blocking(number, False)

    def progress(self, progress: MigrationProgress) -> None:
        """Tell where it is; left out when the reader is behind."""
        self._write("progress", to_json(progress))

    def warning(self, text: str) -> None:
        """Tell what a person should know; the log has it too."""
        self._write("warning", json.dumps(text[:600]))

    def done(self, migration: str) -> None:
        """Tell the id of the migration that has ended well."""
        self._last("done", json.dumps(migration))

    def failed(self, error: BaseException) -> None:
        """Tell why it has not."""
        first, *details = endings.lines(error)
        # of the longest error there is room for the beginning
        told: dict[str, object] = {"sentence": first[:2000], "details": details[:5]}
        told["unexpected"] = not isinstance(error, NovaXenError)
        line = json.dumps(told)
        if len(line) > LONGEST - 100:
            line = json.dumps({**told, "sentence": first[:600], "details": []})
        self._last("failed", line)

    def _last(self, word: str, text: str) -> None:
        # nothing comes after it, so that there is time for a reader who is behind
        os.set_blocking(self._number, True)
        self._write(word, text)
        # another thread may still warn, and the number may become another file's
        number, self._number = self._number, _CLOSED
        os.close(number)

    def _write(self, word: str, text: str) -> None:
        # BlockingIOError: it is behind; BrokenPipeError: it is gone
        with contextlib.suppress(OSError):
            os.write(self._number, f"{word} {text}\n".encode())


def main(argv: Sequence[str], *, opener: Opener = open_driver) -> int:
    """Migrate; gives the exit code."""
    channel = Channel(_own_stdout())
    _log(channel)
    try:
        launch = from_json(argv[0], Launch)
        driver = opener(launch.files, launch.connection)
        channel.done(_migrate(driver, launch.request, channel))
    except BaseException as error:
        logs.record(error)
        channel.failed(error)
        return endings.exit_code(error)
    return 0


def _own_stdout() -> int:
    """Keep stdout for the channel alone: what is printed goes to the log."""
    number = os.dup(1)
    os.dup2(2, 1)
    return number


class _Warnings(logging.Handler):
    """Warnings go to the command too; what ends the migration is told otherwise."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(logging.WARNING)
        self._channel = channel
        self.addFilter(logging.Filter("nova_xen"))
        self.addFilter(lambda record: record.levelno < logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        self._channel.warning(record.getMessage())


def _log(channel: Channel) -> None:
    """To stderr, which is the log of this migration; warnings to the command too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(logs.FILE_FORMAT))
    handler.addFilter(logging.Filter("nova_xen"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    root.addHandler(_Warnings(channel))


def _migrate(driver: Driver, request: MigrationRequest, channel: Channel) -> str:
    """Migrate on a thread, so that signals are heard meanwhile; gives the id."""
    #: the result, or None for each signal; put() may be called by a signal handler
    events: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            events.put(driver.migrate(request, channel.progress).id)
        except BaseException as error:
            events.put(error)

    signal.signal(signal.SIGTERM, lambda _number, _frame: events.put(None))
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=work, name="nova-xen-migrating", daemon=True).start()
    while (event := next_of(events)) is None:
        _abort(driver, request.server)
    if isinstance(event, BaseException):
        raise event
    return event


def _abort(driver: Driver, server: str) -> None:
    """Whoever ends this process wants the migration ended, and the server here."""
    try:
        driver.abort_migration(server)
    except NovaXenError as error:
        LOG.warning("SIGTERM: %s", error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
