# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.migration.journal import Journals, boot_id
from nova_xen.migration.json import to_json
from nova_xen.model import MigrationJournal, MigrationKind, MigrationState, Side

UUID = "5a1e2d3c-0000-4000-8000-000000000001"
OTHER = "5a1e2d3c-0000-4000-8000-000000000002"


def make(uuid: str = UUID, **changes: Any) -> MigrationJournal:
    journal = MigrationJournal(
        id=f"m-{uuid[-1]}",
        side=Side.DESTINATION,
        uuid=uuid,
        name="web",
        peer="xen1",
        uri="xen+tls://xen2/system",
        kind=MigrationKind.LIVE,
        state=MigrationState.PREPARING,
        updated=1.5,
        pid=1,
        boot_id=boot_id(),
    )
    return dataclasses.replace(journal, **changes)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def state_path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "state")


@pytest.fixture
def journals(state_path: str, told: list[str]) -> Journals:
    return Journals(state_path, tell=told.append)


def test_kept_read_and_removed(journals: Journals, told: list[str]) -> None:
    assert (journals.load(UUID), journals.all()) == (None, ())
    first, second = make(), make(OTHER)
    journals.keep(second)
    journals.keep(first)
    assert journals.all() == (first, second)
    changed = make(state=MigrationState.DONE)
    journals.keep(changed)
    assert journals.load(UUID) == changed
    assert journals.find("m-2") == second
    assert journals.find("m-3") is None
    journals.remove(UUID)
    journals.remove(UUID)
    assert journals.all() == (second,)
    assert told == []


def test_nobody_else_may_read_them(journals: Journals) -> None:
    before = os.umask(0)
    try:
        journals.keep(make())
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(journals.folder).st_mode) == 0o700
    (name,) = os.listdir(journals.folder)
    path = os.path.join(journals.folder, name)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def _content(journals: Journals, uuid: str, change: Callable[[str], str]) -> None:
    path = pathlib.Path(journals.folder, f"{uuid}.json")
    path.write_text(change(path.read_text()))


DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda text: "", "Expecting value"),
    "cut": (lambda text: text[:40], "delimiter|Unterminated|Expecting"),
    "other state": (
        lambda text: text.replace("preparing", "x"),
        "MigrationJournal.state",
    ),
    "other guest": (lambda text: text.replace(UUID, OTHER), f"server {OTHER}"),
    "huge": (lambda text: text + " " * 1024**2, "more than 1048576 bytes"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_one_is_told_and_the_rest_is_read(
    journals: Journals, told: list[str], case: str
) -> None:
    change, why = DAMAGED[case]
    journals.keep(make())
    third = make("5a1e2d3c-0000-4000-8000-000000000003")
    journals.keep(third)
    _content(journals, UUID, change)
    assert journals.all() == (third,)
    (sentence,) = told
    assert f"{UUID}.json cannot be read and was passed over" in sentence
    assert re.search(why, sentence)
    assert journals.load(UUID) is None


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_is_no_file_is_told(
    journals: Journals, told: list[str], tmp_path: pathlib.Path, kind: str
) -> None:
    journals.keep(make())
    path = pathlib.Path(journals.folder, f"{UUID}.json")
    content = path.read_text()
    path.unlink()
    if kind == "link":
        (tmp_path / "elsewhere").write_text(content)
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert journals.all() == ()
    assert len(told) == 1


def test_a_foreign_file_is_told(journals: Journals, told: list[str]) -> None:
    journals.keep(make())
    pathlib.Path(journals.folder, "notes.txt").write_text("x")
    assert journals.all() == (make(),)
    (sentence,) = told
    assert sentence.endswith(
        "notes.txt is no journal of a migration and was passed over."
    )


@pytest.mark.parametrize("uuid", ["", "../x", UUID.upper(), UUID + "\n", "a\0b"])
def test_a_name_cannot_lead_elsewhere(journals: Journals, uuid: str) -> None:
    actions: tuple[Callable[[], object], ...] = (
        lambda: journals.keep(make(uuid or "-")),
        lambda: journals.load(uuid),
        lambda: journals.remove(uuid),
        lambda: journals.hold(uuid),
        lambda: journals.busy(uuid),
    )
    for act in actions:
        with pytest.raises(exceptions.InvalidRequest, match="that is none"):
            act()


def test_a_file_system_that_refuses_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    journals = Journals(str(tmp_path / "file"))
    actions: tuple[Callable[[], object], ...] = (
        lambda: journals.keep(make()),
        lambda: journals.hold(UUID),
    )
    for act in actions:
        with pytest.raises(exceptions.ToolFailed, match="Not a directory"):
            act()


class Killed(BaseException):
    """Stands for a process that ends between two system calls."""


CALLS = ("open", "fsync", "rename", "unlink", "mkdir", "lstat", "stat")


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let the n-th system call from now on, and each after it, not happen."""
    left = [10**9]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*arguments, **named)

        return call

    def kill(number: int) -> None:
        left[0] = number

    for name in CALLS:
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    yield kill
    left[0] = 10**9


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("number", range(12))
def test_killed_at_any_call_the_old_or_the_new_one_is_there(
    journals: Journals,
    told: list[str],
    kill_at: Callable[[int], None],
    existing: bool,
    number: int,
) -> None:
    old = make() if existing else None
    if old:
        journals.keep(old)
    new = make(state=MigrationState.COPYING)
    kill_at(number)
    try:
        journals.keep(new)
        whole = True
    except Killed:
        whole = False
    kill_at(10**9)
    found = journals.load(UUID)
    assert found == new if whole else found in (old, new)
    assert told == []
    journals.sweep()
    assert [name for name in _names(journals) if not name.endswith(".json")] == []
    journals.keep(make(state=MigrationState.DONE))
    journals.remove(UUID)
    assert _names(journals) == []


def _names(journals: Journals) -> list[str]:
    return os.listdir(journals.folder) if os.path.exists(journals.folder) else []


def test_only_one_holds_a_guest(journals: Journals, state_path: str) -> None:
    other = Journals(state_path)
    assert not journals.busy(UUID)
    hold = journals.hold(UUID)
    assert hold is not None
    assert (journals.held(UUID), other.held(UUID)) == (True, False)
    assert (journals.busy(UUID), other.busy(UUID)) == (True, True)
    assert journals.hold(UUID, patience=0) is None
    assert other.hold(UUID, patience=0) is None
    assert not other.busy(OTHER)
    hold.release()
    hold.release()
    assert (journals.held(UUID), other.busy(UUID)) == (False, False)
    assert _names(journals) == []
    with other.hold(UUID) or pytest.fail("it is free"):
        assert journals.busy(UUID)


def test_a_sweep_leaves_what_is_held(journals: Journals, state_path: str) -> None:
    journals.keep(make())
    pathlib.Path(journals.folder, f".{UUID}.json.part").write_text("half")
    pathlib.Path(journals.folder, f".{OTHER}.json.part").write_text("half")
    pathlib.Path(journals.folder, f"{OTHER}.lock").touch()
    with journals.hold(UUID) or pytest.fail("it is free"):
        Journals(state_path).sweep()
        assert sorted(_names(journals)) == [
            f".{UUID}.json.part",
            f"{UUID}.json",
            f"{UUID}.lock",
        ]
    Journals(state_path).sweep()
    assert _names(journals) == [f"{UUID}.json"]


WRITER = """
import dataclasses, itertools, sys
from nova_xen.migration.journal import Journals
from nova_xen.migration.json import from_json
from nova_xen.model import MigrationJournal
journals = Journals(sys.argv[1])
journal = from_json(sys.argv[2], MigrationJournal)
hold = journals.hold(journal.uuid)
for number in itertools.count():
    journals.keep(dataclasses.replace(journal, updated=float(number)))
    print(number, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 2, 30])
def test_a_killed_process_lets_go_and_leaves_a_whole_journal(
    journals: Journals, state_path: str, told: list[str], lines: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, state_path, to_json(make())],
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            writer.stdout.readline()
        assert journals.busy(UUID)
        assert journals.hold(UUID, patience=0) is None
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert not journals.busy(UUID)
    found = journals.load(UUID)
    assert found is not None
    assert found.updated >= lines - 1
    assert told == []
    with journals.hold(UUID, patience=0) or pytest.fail("it is free"):
        journals.remove(UUID)
    assert _names(journals) == []


def test_one_at_a_time_begins(journals: Journals, state_path: str) -> None:
    order: list[str] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        with Journals(state_path).alone():
            order.append("second")

    with journals.alone():
        thread = threading.Thread(target=second)
        thread.start()
        started.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
