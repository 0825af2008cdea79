# SPDX-License-Identifier: Apache-2.0
"""Start the worker, listen to it, and end it: whatever happens here, it is gone."""

import contextlib
import dataclasses
import json
import os
import selectors
import signal
import subprocess  # nosec B404
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nova_xen.injection.guest.guardian import LOG
from nova_xen.injection.guest.problems import Kind
from nova_xen.injection.guest.request import Request, to_line
from nova_xen.injection.guest.sockets import find_sockets, remove_sockets

WORKER = "nova_xen.injection.guest.worker"
#: how long the guardian may take to kill and to clean up (seconds)
_PATIENCE = 10.0
_TAIL = 25
#: a log may end in the middle of anything
_TAIL_BYTES = 64 * 1024
_KEPT = ("PATH", "HOME", "PYTHONPATH", "SUPERMIN_KERNEL", "SUPERMIN_MODULES")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How it ended: ``problem`` None is well; ``doing`` is what was done last.

    ``timed_out`` when no progress was made, ``log`` is the tail of libguestfs's own.
    """

    problem: Kind | None = None
    why: str = ""
    other: str = ""
    doing: str = ""
    timed_out: bool = False
    log: tuple[str, ...] = ()


def supervise(
    request: Request, *, timeout: float, heard: Callable[[str], None]
) -> Outcome:
    """Have the request done by a worker of its own.

    :param timeout: seconds without a word of progress after which it is ended
    :param heard: called with what the worker begins to do
    """
    doing, ended = "starting", None
    with _worker(request) as process:
        # to the end of what it says: it is gone by then, and its files are whole
        for told in _lines(process, timeout):
            if told is None:
                return ended or _ended(request, doing, timed_out=True)
            if "doing" in told:
                doing = str(told["doing"])
                heard(doing)
            else:
                ended = _told(request, doing, told)
        why = "its process ended without a word"
        return ended or _ended(request, doing, Kind.FAILED, why, doing)


def _told(request: Request, doing: str, told: dict[str, Any]) -> Outcome:
    if told.get("done"):
        return Outcome(doing=doing)
    kind = Kind(told["problem"])
    return _ended(request, doing, kind, str(told["why"]), str(told["other"]))


def _ended(
    request: Request,
    doing: str,
    problem: Kind | None = None,
    why: str = "",
    other: str = "",
    *,
    timed_out: bool = False,
) -> Outcome:
    """An end that is not well, with what was written down of it."""
    return Outcome(
        problem=problem,
        why=why,
        other=other,
        doing=doing,
        timed_out=timed_out,
        log=_tail(request.folder),
    )


@contextlib.contextmanager
def _worker(request: Request) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that has the request in a file of no name, and its end of a lifeline."""
    held, lifeline = os.pipe()
    asked = os.memfd_create("request")
    try:
        with open(asked, "wb", closefd=False) as file:
            file.write(to_line(request))
        os.lseek(asked, 0, os.SEEK_SET)
        with open(Path(request.folder, "errors"), "wb") as errors:
            process = subprocess.Popen(  # nosec B603
                (sys.executable, "-P", "-m", WORKER, str(held)),
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(request.folder),
                pass_fds=(held,),
                start_new_session=True,
            )
    except BaseException:
        os.close(lifeline)
        raise
    finally:
        os.close(held)
        os.close(asked)
    with process:
        try:
            yield process
        finally:
            # those of a worker whose guardian was killed
            sockets = find_sockets(request.folder)
            _end(process, lifeline)
            remove_sockets(sockets)


def environment(folder: str) -> Mapping[str, str]:
    """Nothing of the caller's that would have libguestfs act otherwise, or talk."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "LANG": "C", "LC_ALL": "C", "TMPDIR": folder}


def _end(process: subprocess.Popen[bytes], lifeline: int) -> None:
    os.close(lifeline)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _lines(
    process: subprocess.Popen[bytes], timeout: float
) -> Iterator[dict[str, Any] | None]:
    """What the worker says, line by line; None once it was silent for too long."""
    if process.stdout is None:
        return
    number, rest = process.stdout.fileno(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(number, selectors.EVENT_READ)
        deadline = time.monotonic() + timeout
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                yield None
                return
            read = os.read(number, 65536)
            if not read:
                return
            deadline = time.monotonic() + timeout
            *whole, rest = (rest + read).split(b"\n")
            for line in whole:
                yield json.loads(line)


def _tail(folder: str) -> tuple[str, ...]:
    """The last lines of what libguestfs said, and of what its process complained of."""
    lines: list[str] = []
    for name in (LOG, "errors"):
        with contextlib.suppress(OSError), open(Path(folder, name), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
            lines += [line for line in text.splitlines() if line.strip()][-_TAIL:]
    return tuple(_printable(line) for line in lines)


def _printable(line: str) -> str:
    """A guest has its say in the log too: nothing that moves a cursor."""
    return "".join(each if each.isprintable() else " " for each in line)
