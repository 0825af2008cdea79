# SPDX-License-Identifier: Apache-2.0
"""server migrate: a process of its own migrates, the command starts and watches it."""

import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.cli import detached
from nova_xen.cli.migrating import Launch
from nova_xen.cli.progress import CLEAR
from nova_xen.migration.history import History
from nova_xen.model import (
    MigrationKind,
    MigrationRequest,
    MigrationState,
    TimeoutAction,
)
from unit.cli.migrating_child import PATIENCE, Kept, child_command, wait_for
from unit.cli.migrations import ID, make_record
from unit.cli.stub import Cli, Ended

TESTS = pathlib.Path(__file__).parents[2]
WAIT = ("--wait",)


class Scene:
    """A command on a scripted migration, and the processes that it started."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.driver = Kept(folder)
        self.cli = Cli(self.driver)
        self.children: list[subprocess.Popen[str]] = []
        #: what the command was told last is that it copies
        self.copying = False

    def __call__(
        self,
        script: str,
        *more: str,
        options: tuple[str, ...] = (),
        terminal: bool = False,
    ) -> Ended:
        (self.folder / "script").write_text(script.replace(", ", "\n"))
        argv = ("server", "migrate", "db", "--host", "xen2", "-f", "json")
        return self.cli(*options, *argv, *more, terminal=terminal)

    @property
    def log(self) -> str:
        return pathlib.Path(self.driver.log).read_text()

    def end(self) -> int:
        """Let the child go to its end; gives its exit code."""
        (self.folder / "go").touch()
        return self.children[-1].wait(PATIENCE)


@pytest.fixture
def scene(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.setattr(detached, "CHILD", child_command(tmp_path))
    begin = detached.Detached.__init__

    def noted(self: detached.Detached, process: "subprocess.Popen[str]") -> None:
        made.children.append(process)
        begin(self, process)

    following = detached.Detached.next

    def heard(self: detached.Detached) -> detached.Event:
        """The next event is asked for when the one before was dealt with."""
        if made.copying:
            (tmp_path / "heard").touch()
        event = following(self)
        match event:
            case detached.Progressed(progress):
                made.copying = progress.state is MigrationState.COPYING
        return event

    monkeypatch.setattr(detached.Detached, "__init__", noted)
    monkeypatch.setattr(detached.Detached, "next", heard)
    # what runs in the background ignores Ctrl-C, and the command then leaves it so
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield made
    signal.signal(signal.SIGINT, before)
    for child in made.children:
        if child.poll() is None:
            child.kill()
            child.wait(PATIENCE)


def test_it_returns_once_the_checks_have_passed(scene: Scene) -> None:
    ended = scene("checking, keep, copying, until go, done")
    assert (ended.code, ended.err) == (0, "")
    assert (ended.json["id"], ended.json["server"]) == (ID, "db")
    assert scene.children[0].poll() is None
    assert scene.end() == 0


def test_a_migration_that_is_over_at_once_is_shown(scene: Scene) -> None:
    ended = scene("checking, print")
    assert (ended.code, ended.json["state"]) == (0, "done")


@pytest.mark.parametrize("more", [(), WAIT])
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "checking, refuse",
            "Server db cannot be migrated to xen2: xen2 is too small. Nothing was "
            "changed.\n",
        ),
        (
            "err",
            "nova-xen failed unexpectedly (TypeError: unforeseen); run it again with "
            "--debug and report what it prints.\n",
        ),
    ],
)
def test_a_refusal_is_told_at_once(
    scene: Scene, script: str, sentence: str, more: tuple[str, ...]
) -> None:
    ended = scene(script, *more)
    assert (ended.code, ended.out) == (1, "")
    # the trace of a defect is in the log alone
    where = f"  Its log tells where: {scene.driver.log}\n" if script == "err" else ""
    assert ended.err.endswith(f"{sentence}{where}")
    assert more or ended.err == f"{sentence}{where}"
    assert scene.end() == 1
    assert "Traceback" in scene.log


def test_waiting_shows_how_it_ended(scene: Scene) -> None:
    ended = scene("checking, keep, copying, copying, stopped, print, done", *WAIT)
    assert (ended.code, ended.json["downtime"]) == (0, 5.2)
    start = "db -> xen2: "
    lines = ended.err.splitlines()
    assert [line[len(start) :].split(",")[0] for line in lines] == [
        "checking",
        "copying",
        "stopped",
        "done",
    ]
    assert scene.end() == 0
    assert "what a library prints" in scene.log


def test_the_line_is_drawn_on_a_terminal_and_wiped(scene: Scene) -> None:
    ended = scene("copying, stopped, done", *WAIT, terminal=True)
    drawn = ended.err.split(CLEAR)
    assert drawn[1].startswith("db -> xen2: copying, 10 s, 100 MiB of about 260 MiB")
    assert (drawn[0], drawn[-1]) == ("", "")


@pytest.mark.parametrize("more", [(), WAIT])
def test_warnings_of_the_checks_are_told(scene: Scene, more: tuple[str, ...]) -> None:
    ended = scene("inform, warn, keep, copying, done", *more)
    assert ended.code == 0
    assert ended.err.startswith("Warning: Server db: tcp is open\n")
    assert ended.err.count("Warning") == 1
    assert "INFO nova_xen.x Server db: tcp" in scene.log
    assert "secret" not in scene.log


def test_quiet_draws_nothing(scene: Scene) -> None:
    assert scene("copying, done", *WAIT, options=("-q",)).err == ""


def test_ctrl_c_asks_for_an_abort(scene: Scene) -> None:
    ended = scene("keep, copying, press, until aborted, abort", *WAIT)
    assert ended.code == 130
    assert scene.driver.calls.count(("abort_migration", "db")) == 1
    assert ended.err.splitlines()[1:] == [
        "Warning: an abort of the migration of server db was asked for; Ctrl-C once "
        "more leaves it running",
        "The migration of server db to xen2 was aborted: as it was asked for. It runs "
        "here.",
    ]


def test_an_abort_that_came_too_late_is_no_failure(scene: Scene) -> None:
    ended = scene("keep, copying, press, until aborted, done", *WAIT)
    assert (ended.code, ended.json["state"]) == (0, "done")


def test_an_abort_that_cannot_be_is_told_and_the_waiting_goes_on(scene: Scene) -> None:
    scene.driver.errors["abort_migration"] = exceptions.MigrationTooLate(
        server="db", action="aborted", why="it is finishing already"
    )
    ended = scene("keep, copying, press, until aborted, copying, done", *WAIT)
    assert ended.code == 0
    assert "Warning: The migration of server db cannot be aborted: it is" in ended.err


def test_a_second_ctrl_c_leaves_it_running(scene: Scene) -> None:
    ended = scene("copying, press, until aborted, press, until go, done", *WAIT)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[-1] == (
        "Interrupted. The migration of server db goes on by itself; see 'nova-xen "
        "migration show db', or end it with 'nova-xen migration abort db'."
    )
    assert scene.children[0].poll() is None
    assert scene.end() == 0


def test_ctrl_c_is_as_before_afterwards(scene: Scene) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert scene("done", *WAIT).code == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("more", [(), WAIT])
def test_a_process_that_dies_is_told_with_its_log(
    scene: Scene, more: tuple[str, ...]
) -> None:
    ended = scene("checking, die", *more)
    assert (ended.code, ended.out) == (1, "")
    *_, sentence, detail = ended.err.splitlines()
    assert sentence == (
        "The process that migrates server db to xen2 ended without a word (it was "
        "killed by SIGKILL); run 'nova-xen migration recover db', and see "
        f"{scene.driver.log} for what it did."
    )
    assert detail == "  last words"


def test_sigterm_asks_for_an_abort(scene: Scene) -> None:
    assert scene("keep, copying, until go, until aborted, abort").code == 0
    scene.children[0].terminate()
    assert scene.end() == 1
    assert "was aborted" in scene.log


def test_signals_of_a_terminal_are_nothing_to_it(scene: Scene) -> None:
    assert scene("keep, copying, until go, copying, done").code == 0
    scene.children[0].send_signal(signal.SIGHUP)
    scene.children[0].send_signal(signal.SIGINT)
    assert scene.end() == 0


def test_it_survives_the_command(scene: Scene) -> None:
    (scene.folder / "script").write_text("copying\nuntil go\ncopying\ndone")
    code = (
        "import sys; from unit.cli import migrating_child as m; m.command(sys.argv[1])"
    )
    waiting = subprocess.Popen(
        [sys.executable, "-c", code, str(scene.folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(scene.folder / "request")
    waiting.kill()
    waiting.wait(PATIENCE)
    (scene.folder / "go").touch()
    wait_for(scene.folder / "over")
    assert History(str(scene.folder)).find("db").id == ID
    assert scene.log == ""


def test_an_old_record_is_not_taken_for_the_new_one(scene: Scene) -> None:
    History(str(scene.folder)).keep(make_record(id="old"))
    ended = scene("copying, until go, done")
    assert (ended.code, ended.out) == (1, "")
    assert "no record of it can be read" in ended.err
    assert scene.end() == 0


def test_a_log_that_cannot_be_written(scene: Scene) -> None:
    (scene.folder / "logs").touch()
    ended = scene("done")
    assert (ended.code, scene.children) == (1, [])
    assert ended.err.startswith("The migration of server db was not started: ")
    assert len(ended.err.splitlines()) == 1


def test_a_long_log_begins_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detached, "LOG_LIMIT", 10)
    (scene.folder / "logs").mkdir()
    pathlib.Path(scene.driver.log).write_text("a long log of before")
    assert scene("err").code == 1
    scene.end()
    assert "of before" not in scene.log


def test_an_unknown_server_starts_nothing(scene: Scene) -> None:
    ended = scene.cli("server", "migrate", "nobody", "--host", "xen2")
    assert ended.code == 1
    assert ended.err.startswith("There is no server nobody")
    assert scene.children == []


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ((), {}),
        (("--live",), {}),
        (("--stop-and-copy",), {"kind": MigrationKind.STOP_AND_COPY}),
        (("--tunnelled",), {"tunnelled": True}),
        (("--no-tunnelled",), {"tunnelled": False}),
        (("--timeout", "0"), {"timeout": 0}),
        (
            ("--timeout", "60", "--timeout-action", "force_complete"),
            {"timeout": 60, "timeout_action": TimeoutAction.FORCE_COMPLETE},
        ),
    ],
)
def test_what_is_asked_for(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    more: tuple[str, ...],
    fields: dict[str, Any],
) -> None:
    launched: list[Launch] = []

    def start(launch: Launch, _log: str) -> detached.Detached:
        launched.append(launch)
        raise detached.NotStarted(server="db", why="it is seen")

    monkeypatch.setattr(detached, "start", start)
    options = ("--connection", "test:///x", "--config-file", "here.conf")
    ended = cli(*options, "server", "migrate", "db", "--host", "xen2", *more)
    assert ended.code == 1
    request = MigrationRequest(server="db", destination="xen2", **fields)
    files = (os.path.abspath("here.conf"),)
    assert launched == [Launch(request=request, files=files, connection="test:///x")]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("db",), "--host"),
        (("--host", "xen2"), "NAME"),
        (("db", "--host", "xen2", "--live", "--stop-and-copy"), "not allowed with"),
        (("db", "--host", "xen2", "--timeout", "-1"), "--timeout"),
        (("db", "--host", "xen2", "--timeout", "5x"), "--timeout"),
        (("db", "--host", "xen2", "--timeout-action", "pray"), "--timeout-action"),
        (
            ("db", "--host", "xen2", "--timeout", "0", "--timeout-action", "abort"),
            "--timeout 0 is none",
        ),
    ],
)
def test_usage(cli: Cli, argv: tuple[str, ...], words: str) -> None:
    ended = cli("server", "migrate", *argv)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert cli.opened == []
