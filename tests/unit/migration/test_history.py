# SPDX-License-Identifier: Apache-2.0
import itertools
import json
import logging
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova_xen import exceptions
from nova_xen.migration.history import History, HistoryUnreadable, thin
from nova_xen.model import MigrationRecord, MigrationSample, MigrationState
from unit.cli.migrations import ID, START, make_record
from unit.migration.syncs import Syncs

S = MigrationState


def numbered(number: int, **changes: object) -> MigrationRecord:
    return make_record(id=f"m{number}", started=START + number, **changes)


def files(folder: pathlib.Path) -> list[str]:
    return sorted(path.name for path in (folder / "history").glob("*-*.json"))


def test_a_record_is_read_as_it_was_kept(tmp_path: pathlib.Path) -> None:
    record = make_record()
    History(str(tmp_path)).keep(record)
    found = History(str(tmp_path)).find(ID)
    assert found == record
    # a text is equal to the word of an enum, and still not it
    assert found.state is S.DONE
    assert found.samples[0].state is S.COPYING


def test_only_its_owner_may_read(tmp_path: pathlib.Path) -> None:
    History(str(tmp_path)).keep(make_record())
    folder = tmp_path / "history"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_the_newest_comes_first_without_samples(tmp_path: pathlib.Path) -> None:
    history = History(str(tmp_path))
    for number in (2, 10, 1):
        history.keep(numbered(number))
    found = history.all()
    assert [record.id for record in found] == ["m10", "m2", "m1"]
    assert {record.samples for record in found} == {()}


@pytest.mark.parametrize(
    ("asked", "found"), [("m1", "m1"), ("db", "m3"), ("b", "m2"), ("u2", "m2")]
)
def test_find(tmp_path: pathlib.Path, asked: str, found: str) -> None:
    history = History(str(tmp_path))
    history.keep(numbered(1))
    history.keep(numbered(2, name="b", uuid="u2"))
    history.keep(numbered(3))
    record = history.find(asked)
    assert record.id == found
    assert record.samples


@pytest.mark.parametrize("asked", ["", "nothing", "../x", "m", "*"])
def test_what_is_not_there(tmp_path: pathlib.Path, asked: str) -> None:
    history = History(str(tmp_path))
    assert history.all() == ()
    history.keep(numbered(1))
    with pytest.raises(exceptions.MigrationNotFound):
        history.find(asked)


def test_keeping_again_replaces(tmp_path: pathlib.Path) -> None:
    history = History(str(tmp_path))
    history.keep(make_record(state=S.COPYING, ended=None))
    assert history.all()[0].state is S.COPYING
    history.keep(make_record())
    assert [record.state for record in history.all()] == [S.DONE]
    assert [name.endswith(f"{ID}.json") for name in files(tmp_path)] == [True]


def test_a_listed_record_that_is_kept_again_keeps_its_samples(
    tmp_path: pathlib.Path,
) -> None:
    history = History(str(tmp_path))
    history.keep(make_record(state=S.UNDECIDED))
    history.keep(make_record(state=S.FAILED, samples=history.all()[0].samples))
    assert history.find(ID) == make_record(state=S.FAILED)


def test_what_another_process_keeps_is_seen(tmp_path: pathlib.Path) -> None:
    history, other = History(str(tmp_path)), History(str(tmp_path))
    for passes in range(5):
        other.keep(make_record(passes=passes))
        assert history.all()[0].passes == passes


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:100],
        lambda text: "null",
        lambda text: "[" * 100_000,
        lambda text: text.replace('"done"', '"dome"'),
        lambda text: text.replace('"m2"', '"m7"'),
        lambda text: text.replace('"memory_mib":256', '"memory_mib":"256"'),
        lambda text: "\udcff",
    ],
)
def test_a_damaged_file_is_told_once_and_hides_nothing(
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[str], str],
) -> None:
    history = History(str(tmp_path))
    for number in (1, 2, 3):
        history.keep(numbered(number))
    damaged = next((tmp_path / "history").glob("*-m2.json"))
    text = spoil(damaged.read_text())
    damaged.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert [record.id for record in History(str(tmp_path)).all()] == ["m3", "m1"]
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert damaged.name in warnings[0].getMessage()


def test_foreign_files_are_left_alone(tmp_path: pathlib.Path) -> None:
    history = History(str(tmp_path), most=1)
    folder = tmp_path / "history"
    folder.mkdir()
    (folder / "notes.json").write_text("{}")
    (folder / "000000000000001-x y.json").write_text("{}")
    for number in range(3):
        history.keep(numbered(number))
    assert [record.id for record in history.all()] == ["m2"]
    assert len(list(folder.glob("*.json"))) == 4  # with the counts of those removed


def test_the_oldest_go_and_their_ends_stay_counted(tmp_path: pathlib.Path) -> None:
    history = History(str(tmp_path), most=3)
    ends = [S.DONE, S.ABORTED, S.DONE, S.FAILED, S.DONE, S.UNDECIDED, S.DONE]
    for number, state in enumerate(ends):
        history.keep(numbered(number, state=state))
        gone = sum(history.removed().ended.values())
        assert gone + len(history.all()) == number + 1
    assert history.removed().ended == {S.DONE: 2, S.ABORTED: 1, S.FAILED: 1}


def test_a_record_whose_removal_was_cut_short_is_counted_once(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(str(tmp_path), most=2)
    for number in range(2):
        history.keep(numbered(number))
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", _refuse)
        history.keep(numbered(2))
    assert len(files(tmp_path)) == 3
    history.keep(numbered(3))
    assert len(files(tmp_path)) == 2
    assert history.removed().ended == {S.DONE: 2}


def _refuse(_path: str) -> None:
    raise PermissionError(1, "no")


def test_counts_that_are_damaged_begin_anew(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(str(tmp_path))
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "removed.json").write_text("{")
    assert history.removed().ended == {}
    assert "counts begin anew" in caplog.text


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 65, "a b", "é"])
def test_an_id_that_could_lead_elsewhere(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no id of a migration"):
        History(str(tmp_path)).keep(make_record(id=name))
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_refuses_ends_nothing(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    History(str(tmp_path / "file")).keep(make_record())
    (warning,) = caplog.records
    assert "The record of the migration of server db cannot be kept" in (
        warning.getMessage()
    )


def test_a_folder_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "history").touch()
    with pytest.raises(HistoryUnreadable, match="Not a directory"):
        History(str(tmp_path)).all()


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("ended", [None, START + 34.5])
def test_the_end_alone_outlives_a_power_cut(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    state: S,
    ended: float | None,
) -> None:
    history = History(str(tmp_path))
    history.keep(make_record(id="another"))
    syncs = Syncs(tmp_path, monkeypatch)
    history.keep(make_record(state=state, ended=ended))
    assert syncs.take() == ([] if ended is None else ["history/*", "history"])
    assert history.find(ID).state is state


KILLED = """
import os, signal, sys
from nova_xen.migration import history
from unit.cli.migrations import make_record
kept = history.History(sys.argv[1])
os.rename = lambda *_paths: os.kill(os.getpid(), signal.SIGKILL)
kept.keep(make_record(passes=7))
"""


def test_one_that_is_killed_in_the_middle_leaves_the_old_record(
    tmp_path: pathlib.Path,
) -> None:
    history = History(str(tmp_path))
    history.keep(make_record())
    tests = str(pathlib.Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": tests},
        check=False,
        timeout=60,
    )
    (left,) = (tmp_path / "history").glob(".*.new")
    assert history.find(ID).passes == 1
    history.keep(make_record())
    assert left.exists()  # another process may be writing it now
    os.utime(left, (0, 0))
    history.keep(make_record())
    assert not left.exists()


@st.composite
def any_samples(draw: st.DrawFn) -> list[MigrationSample]:
    states = draw(st.lists(st.sampled_from([S.COPYING, S.STOPPED]), max_size=120))
    return [
        MigrationSample(at=float(second), state=state, bytes_sent=second)
        for second, state in enumerate(states)
    ]


@given(any_samples(), st.integers(1, 60))
def test_thin(samples: list[MigrationSample], most: int) -> None:
    kept = thin(samples, most)
    assert list(kept) == sorted(set(kept), key=lambda each: each.at)
    assert set(kept) <= set(samples)
    assert list(kept[:1]) == samples[:1]
    assert list(kept[-1:]) == samples[-1:]
    if len(samples) <= most:
        assert list(kept) == samples
    changes = sum(a.state is not b.state for a, b in itertools.pairwise(samples))
    assert len(kept) <= max(most, 2 * changes + 2)
    for before, after in itertools.pairwise(samples):
        if before.state is not after.state:
            assert {before, after} <= set(kept)


def test_a_long_migration_is_kept_evenly(tmp_path: pathlib.Path) -> None:
    samples = tuple(
        MigrationSample(at=START + second, state=S.COPYING, bytes_sent=second)
        for second in range(100_000)
    )
    history = History(str(tmp_path))
    history.keep(make_record(samples=samples))
    kept = history.find(ID).samples
    assert len(kept) == 2000
    gaps = [b.at - a.at for a, b in itertools.pairwise(kept)]
    assert max(gaps) <= 2 * 100_000 / 2000
    assert os.path.getsize(tmp_path / "history" / files(tmp_path)[0]) < 256 * 1024


def test_the_file_is_plain_json(tmp_path: pathlib.Path) -> None:
    History(str(tmp_path)).keep(make_record())
    text = (tmp_path / "history" / files(tmp_path)[0]).read_text()
    assert json.loads(text)["entered"]["stopped"] == START + 28
