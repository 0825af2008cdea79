# SPDX-License-Identifier: Apache-2.0
"""The command as a process of its own: signals, pipes, and what it imports."""

import os
import pathlib
import signal
import subprocess
import sys
from typing import IO

import pytest

from nova_xen.cli.signals import Interrupted, interruptible

TESTS = pathlib.Path(__file__).parents[2]

SLOW = """
import select, sys, threading
from nova_xen.cli.app import main
from unit.cli.stub import StubDriver, create

class Slow(StubDriver):
    def spawn(self, plan, progress=None):
        try:
            print("begun", flush=True)
            threading.Event().wait(60)
        except BaseException:
            print("undoing", flush=True)
            # a signal just before a read that blocks would wait for the read's end
            while not select.select([sys.stdin], [], [], 0.1)[0]:
                pass
            print("undone", flush=True)
            raise

sys.exit(main(create(), opener=lambda files, uri: Slow()))
"""

COMMAND = "import sys; from nova_xen.cli.app import main; sys.exit(main())"

FORBIDDEN = """
import sys
from nova_xen.cli.app import main
try:
    main()
except SystemExit:
    pass
heavy = {"libvirt", "lxml", "oslo_config", "oslo_log", "oslo_utils", "cmd2", "yaml"}
print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def hear_signals() -> None:
    """As at a terminal: what runs in the background may have been told to ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        preexec_fn=hear_signals,
    )


def expect(stream: IO[str] | None, line: str) -> None:
    assert stream is not None
    assert stream.readline() == line + "\n"


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_has_begun_work_undone(number: signal.Signals, code: int) -> None:
    process = start(SLOW)
    expect(process.stdout, "begun")
    process.send_signal(number)
    expect(process.stdout, "undoing")
    process.send_signal(number)  # impatience must not break the undoing
    expect(process.stderr, "")
    expect(process.stderr, "Stopping already; what was begun is being undone.")
    out, err = process.communicate("go on\n", timeout=60)
    assert process.returncode == code
    assert out == "undone\n"
    assert err == (
        "Interrupted. Server web was not created; what was begun was undone.\n"
    )


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as stop, interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.value.signum == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_reader_that_went_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, "complete"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_characters_that_the_locale_lacks_are_escaped() -> None:
    code = (
        "import sys; from unit.cli.stub import StubDriver, make_server;"
        "from nova_xen.cli.app import main;"
        "d = StubDriver(make_server('db')); d.console = ['\\u20ac'.encode()];"
        "sys.exit(main(['server', 'console', 'log', 'db'], opener=lambda f, u: d))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, b"\\u20ac")


@pytest.mark.parametrize(
    "argv",
    [
        ("--version",),
        ("--help",),
        ("server", "nonsense"),
        ("server", "console", "log"),
        ("server", "start"),
    ],
)
def test_what_needs_no_driver_imports_none(argv: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, *argv],
        capture_output=True,
        check=False,
        timeout=60,
        text=True,
    )
    assert ended.stderr.splitlines()[-1] == ""


@pytest.mark.parametrize("argv", [("server", "create"), ("explain", "--help")])
def test_formatters_alone_are_imported_for_commands_that_show(
    argv: tuple[str, ...],
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, *argv],
        capture_output=True,
        check=False,
        timeout=60,
        text=True,
    )
    assert ended.stderr.splitlines()[-1] in ("", "yaml")
