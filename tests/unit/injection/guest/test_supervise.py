# SPDX-License-Identifier: Apache-2.0
"""Workers that behave and workers that do not; libguestfs is not in it."""

from __future__ import annotations

import os
import pathlib
import signal
import textwrap
import time
from collections.abc import Callable

import pytest

from nova_xen.injection.guest import supervise as module
from nova_xen.injection.guest.problems import Kind
from nova_xen.injection.guest.request import Request
from nova_xen.injection.guest.supervise import Outcome, environment, supervise
from nova_xen.model import DiskFormat, GuestSetup, InjectedFile

PROLOGUE = """
import json, os, signal, sys, time
from nova_xen.injection.guest.guardian import guarded
from nova_xen.injection.guest.request import from_line
request = from_line(sys.stdin.buffer.readline())
def tell(**what):
    sys.stdout.write(json.dumps(what) + chr(10)); sys.stdout.flush()
def note(name, text):
    open(os.path.join(request.folder, name), "w").write(text)
def work():
"""
EPILOGUE = """
sys.exit(guarded(work, lifeline=int(sys.argv[1]), folder=request.folder))
"""
Run = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def run(
    tmp_path: pathlib.Path, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    def run(
        work: str, timeout: float = 20, size: int = 10, heard: list[str] | None = None
    ) -> Outcome:
        body = textwrap.indent(textwrap.dedent(work), "    ")
        (tmp_path / "fake_worker.py").write_text(PROLOGUE + body + EPILOGUE)
        paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        monkeypatch.setattr(module, "WORKER", "fake_worker")
        said = heard if heard is not None else []
        return supervise(request(folder, size), timeout=timeout, heard=said.append)

    return run


def request(folder: pathlib.Path, size: int) -> Request:
    file = InjectedFile(path="/x", content=b"x" * size)
    return Request(
        path="/disk",
        format=DiskFormat.RAW,
        partition=1,
        folder=str(folder),
        cache="/cache",
        memory_mib=1,
        setup=GuestSetup(files=(file,)),
        nics=(),
    )


def is_alive(number: int) -> bool:
    try:
        text = pathlib.Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def test_a_worker_that_does_its_work(run: Run) -> None:
    heard: list[str] = []
    outcome = run("tell(doing='one'); tell(doing='two'); tell(done=True)", heard=heard)
    assert outcome == Outcome(doing="two")
    assert heard == ["one", "two"]


def test_a_request_larger_than_a_pipe_arrives(run: Run) -> None:
    outcome = run(
        "tell(doing=str(len(request.setup.files[0].content))); tell(done=True)",
        size=5_000_000,
    )
    assert outcome.doing == "5000000"


def test_a_problem_is_told_with_the_tail_of_the_log(run: Run) -> None:
    outcome = run(
        """
        note("log", chr(10).join(f"line {n}" for n in range(100)))
        tell(problem="refused", why="so", other="do this")
        """
    )
    assert (outcome.problem, outcome.why, outcome.other) == (
        Kind.REFUSED,
        "so",
        "do this",
    )
    assert outcome.log[-1] == "line 99"
    assert len(outcome.log) == 25


@pytest.mark.parametrize(
    "work",
    [
        "os._exit(1)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "raise RuntimeError('lost its mind')",
        "os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)",
    ],
)
def test_a_worker_that_dies(run: Run, work: str) -> None:
    outcome = run(f"tell(doing='working')\n{work}")
    assert outcome.problem is Kind.FAILED
    assert outcome.doing == "working"
    assert "without a word" in outcome.why
    if "mind" in work:
        assert "RuntimeError: lost its mind" in outcome.log


def test_the_log_moves_no_cursor(run: Run) -> None:
    outcome = run(
        """
        note("log", "red" + chr(27) + "[31m")
        tell(problem="failed", why="so", other="that")
        """
    )
    assert outcome.log == ("red [31m",)


def test_what_a_worker_says_last_is_heard_once_it_is_gone(
    run: Run, folder: pathlib.Path
) -> None:
    work = "note('log', ''); tell(done=True); time.sleep(0.3); note('log', 'whole')"
    assert run(work).problem is None
    assert (folder / "log").read_text() == "whole"


STRAY = """
import subprocess
child = subprocess.Popen(["sleep", "600"])
tell(doing=f"{os.getpid()} {child.pid}")
"""


@pytest.mark.parametrize(
    ("end", "timed_out"),
    [
        ("time.sleep(600)", True),
        ("os.kill(os.getpid(), signal.SIGSTOP)", True),
        ("child.send_signal(signal.SIGSTOP); tell(done=True)", False),
        ("os._exit(3)", False),
        ("tell(done=True)", False),
    ],
)
def test_neither_the_worker_nor_its_children_stay(
    run: Run, end: str, timed_out: bool
) -> None:
    outcome = run(STRAY + end, timeout=1.5)
    assert outcome.timed_out is timed_out
    numbers = [int(word) for word in outcome.doing.split()]
    assert len(numbers) == 2
    assert not any(is_alive(number) for number in numbers)


def test_silence_is_measured_from_the_last_word(run: Run) -> None:
    work = """
    for number in range(5):
        time.sleep(0.5)
        tell(doing=str(number))
    tell(done=True)
    """
    assert run(work, timeout=1.5) == Outcome(doing="4")


def test_a_stopped_guardian_is_killed_after_some_patience(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.5)
    work = """
    tell(doing=f"{os.getpid()} {os.getppid()}")
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(600)
    """
    outcome = run(work, timeout=1.5)
    assert outcome.timed_out
    end = time.monotonic() + 5
    while any(is_alive(int(word)) for word in outcome.doing.split()):
        assert time.monotonic() < end


def test_an_interrupt_is_passed_on_and_nothing_stays(
    run: Run, folder: pathlib.Path
) -> None:
    class Interrupting(list[str]):
        def append(self, doing: str) -> None:
            super().append(doing)
            raise KeyboardInterrupt

    heard = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        run(STRAY + "time.sleep(600)", heard=heard)
    assert not any(is_alive(int(word)) for word in heard[0].split())


def test_a_parent_killed_leaves_nothing(run: Run, folder: pathlib.Path) -> None:
    """What a killed process leaves would be found by nobody: so nothing is left."""
    told = folder.parent / "told"
    child = os.fork()
    if child == 0:
        try:
            note = f'open("{told}", "w").write(f"{{os.getpid()}} {{child.pid}}")'
            run(STRAY + note + "\ntime.sleep(600)")
        finally:
            os._exit(1)
    end = time.monotonic() + 20
    while not told.exists() or len(told.read_text().split()) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    numbers = [int(word) for word in told.read_text().split()]
    while any(is_alive(number) for number in numbers) or folder.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_environment_has_nothing_that_talks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIBGUESTFS_TRACE", "1")
    monkeypatch.setenv("LIBGUESTFS_HV", "/tmp/other")
    monkeypatch.setenv("OS_PASSWORD", "secret")
    found = environment("/work")
    assert found["TMPDIR"] == "/work"
    assert not {"LIBGUESTFS_TRACE", "LIBGUESTFS_HV", "OS_PASSWORD"} & found.keys()
