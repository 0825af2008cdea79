# SPDX-License-Identifier: Apache-2.0
"""Starts the process that migrates a server, and hears from it."""

import contextlib
import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, TypeVar

from nova_xen.exceptions import NovaXenError

if TYPE_CHECKING:
    from nova_xen.cli.migrating import Launch
    from nova_xen.model import MigrationProgress

#: -P: root's Python shall find no module in the folder that it happens to be in
CHILD: tuple[str, ...] = (sys.executable, "-P", "-m", "nova_xen.cli.migrating")
#: bytes; a longer log begins anew
LOG_LIMIT = 1024 * 1024
TAIL = 5
#: seconds after which a signal is heard that came right before the waiting began: a
#: handler runs between two steps of Python, and nothing would wake it in between
HEEDING = 0.25


class NotStarted(NovaXenError):
    """No process could be started to migrate the server."""

    msg_fmt = (
        "The migration of server %(server)s was not started: %(why)s; run the command "
        "as root, or check [xen] migration_state_path. Nothing was changed."
    )


class Lost(NovaXenError):
    """The process that migrated the server ended without a word."""

    msg_fmt = (
        "The process that migrates server %(server)s to %(destination)s ended without "
        "a word (%(how)s); run 'nova-xen migration recover %(server)s', and see "
        "%(log)s for what it did."
    )


@dataclasses.dataclass(frozen=True)
class Progressed:
    """It goes on."""

    progress: "MigrationProgress"


@dataclasses.dataclass(frozen=True)
class Warned:
    """It goes on, with something that a person should know."""

    text: str


@dataclasses.dataclass(frozen=True)
class Done:
    """It has ended well."""

    migration: str


@dataclasses.dataclass(frozen=True)
class Failed:
    """It has ended otherwise, or was refused."""

    sentence: str
    details: tuple[str, ...]
    #: by a defect, of which its log has the whole trace
    unexpected: bool = False


@dataclasses.dataclass(frozen=True)
class Gone:
    """Its process has ended without having told how."""

    how: str


@dataclasses.dataclass(frozen=True)
class Pressed:
    """Ctrl-C, here."""


_Event = TypeVar("_Event")
Event = Progressed | Warned | Done | Failed | Gone | Pressed


class Detached:
    """A process that migrates, and what comes from it as events."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        threading.Thread(
            target=self._hear, name="nova-xen-detached", daemon=True
        ).start()

    def next(self) -> Event:
        """The next event, waited for."""
        return next_of(self._events)

    def press(self) -> None:
        """Put Ctrl-C among the events; a signal handler may call it."""
        self._events.put(Pressed())

    def _hear(self) -> None:
        stream = self.process.stdout
        if stream is None:
            raise ValueError("its stdout is no pipe")
        last: Event | None = None
        try:
            last = _copy(stream, self._events)
        finally:
            # whatever it says, the command that waits must come to an end
            stream.close()
            code = self.process.wait()
            if not isinstance(last, Done | Failed):
                self._events.put(Gone(_how(code)))


def next_of(events: "queue.SimpleQueue[_Event]") -> _Event:
    """The next one; signal handlers run meanwhile, which may put one there."""
    while True:
        with contextlib.suppress(queue.Empty):
            return events.get(timeout=HEEDING)


def start(launch: "Launch", log: str) -> Detached:
    """Start to migrate in a session of its own, with the log at the path ``log``.

    :raises NotStarted: the log or the program cannot be had
    """
    from nova_xen.migration.json import to_json

    try:
        with _opened(log) as stream:
            process = subprocess.Popen(
                [*CHILD, to_json(launch)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stream,
                cwd="/",
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
    except OSError as error:
        why = f"{error.filename or CHILD[0]}: {error.strerror}"
        raise NotStarted(server=launch.request.server, why=why) from error
    return Detached(process)


def tail(log: str) -> tuple[str, ...]:
    """The last lines of a log; none when it cannot be read."""
    with (
        contextlib.suppress(OSError),
        open(log, encoding="utf-8", errors="replace") as stream,
    ):
        return tuple(line.rstrip("\n") for line in stream.readlines()[-TAIL:])
    return ()


@contextlib.contextmanager
def pressed_told_to(child: Detached) -> Iterator[None]:
    """Have Ctrl-C be an event of the child instead of an end of the command."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: child.press())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _copy(stream: IO[str], events: "queue.SimpleQueue[Event]") -> Event | None:
    """Pass on what comes until the end; gives the last event."""
    last: Event | None = None
    for line in stream:
        event = _event(line)
        if event is not None:
            events.put(event)
            last = event
    return last


def _event(line: str) -> Event | None:
    """What a line tells; None for one that was cut by the end of its writer."""
    from nova_xen.migration.json import from_json
    from nova_xen.model import MigrationProgress

    word, _, text = line.partition(" ")
    with contextlib.suppress(KeyError, TypeError, ValueError):
        match word:
            case "progress":
                return Progressed(from_json(text, MigrationProgress))
            case "warning":
                return Warned(str(json.loads(text)))
            case "done":
                return Done(str(json.loads(text)))
            case "failed":
                told = json.loads(text)
                details = tuple(told["details"])
                return Failed(told["sentence"], details, told["unexpected"])
    return None


def _how(code: int) -> str:
    if code >= 0:
        return f"its exit code was {code}"
    with contextlib.suppress(ValueError):
        return f"it was killed by {signal.Signals(-code).name}"
    return f"it was killed by signal {-code}"


def _opened(path: str) -> IO[bytes]:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    stream = os.fdopen(os.open(path, flags, 0o600), "ab")
    if os.fstat(stream.fileno()).st_size > LOG_LIMIT:
        os.ftruncate(stream.fileno(), 0)
    return stream
