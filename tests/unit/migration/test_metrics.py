# SPDX-License-Identifier: Apache-2.0
import pathlib
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nova_xen.migration.history import History
from nova_xen.migration.metrics import metrics, write_metrics
from nova_xen.model import MIB, MigrationState
from unit.cli.migrations import ID, START, make_progress, make_record

S = MigrationState


def values(text: bytes) -> dict[tuple[str, str, str], float]:
    """By the metric's name without its prefix, the server and the state."""
    return {
        (
            sample.name.removeprefix("nova_xen_migration_"),
            sample.labels.get("server", ""),
            sample.labels.get("state", ""),
        ): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def gauges(text: bytes) -> dict[str, float]:
    """Those of the one server, without the states."""
    return {
        name: value
        for (name, server, state), value in values(text).items()
        if server and not state
    }


ENDED = {
    "start_time_seconds": START,
    "elapsed_seconds": 34.5,
    "memory_bytes": 256.0 * MIB,
    "bytes_sent": 270.0 * MIB,
    "passes": 1.0,
    "downtime_seconds": 5.2,
}
UNMEASURED = {"bytes_sent": None, "passes": None, "downtime": None}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, set()),
        (UNMEASURED, {"bytes_sent", "passes", "downtime_seconds"}),
        ({"ended": None}, {"elapsed_seconds"}),
    ],
)
def test_one_that_has_ended(changes: dict[str, Any], missing: set[str]) -> None:
    found = gauges(metrics([make_record(**changes)], {}))
    assert found == {name: ENDED[name] for name in ENDED if name not in missing}


def test_one_that_runs() -> None:
    record = make_record(state=S.PREPARING, ended=None, **UNMEASURED)
    text = metrics([record], {ID: make_progress(passes=None, dirty_rate=5.0)})
    assert gauges(text) == {
        "start_time_seconds": START,
        "elapsed_seconds": 10.0,
        "memory_bytes": 256.0 * MIB,
        "bytes_sent": 100.0 * MIB,
        "rate_bytes": 10.0 * MIB,
        "dirty_rate_bytes": 5.0,
        "remaining_estimate_seconds": 16.0,
    }
    assert values(text)["state", "db", "copying"] == 1.0


@pytest.mark.parametrize("state", MigrationState)
def test_it_is_in_exactly_one_state(state: MigrationState) -> None:
    found = values(metrics([make_record(state=state)], {}))
    states = {key[2]: found[key] for key in found if key[0] == "state"}
    assert states == {each.value: float(each is state) for each in MigrationState}


def test_of_each_server_the_newest_tells() -> None:
    records = [
        make_record(id="new", destination="xen3"),
        make_record(id="old"),
        make_record(id="other", name="web", uuid="u2", downtime=1.0),
    ]
    text = metrics(records, {})
    assert text.count(b"nova_xen_migration_downtime_seconds{") == 2
    assert b'downtime_seconds{destination="xen3",server="db",' in text


def test_ends_are_counted_with_those_that_are_gone() -> None:
    states = [S.DONE, S.DONE, S.FAILED, S.UNDECIDED, S.COPYING]
    records = [make_record(id=str(i), state=each) for i, each in enumerate(states)]
    found = values(metrics(records, {}, {S.DONE: 40, S.ABORTED: 2, S.UNDECIDED: 1}))
    name = "nova_xen_migrations_ended_total"
    counts = {key[2]: found[key] for key in found if key[0] == name}
    assert counts == {"done": 42.0, "aborted": 2.0, "failed": 1.0}


def test_names_are_escaped() -> None:
    text = metrics([make_record(name='a"\\\nb')], {})
    assert b'server="a\\"\\\\\\nb"' in text
    assert gauges(text)["bytes_sent"] == 270.0 * MIB


def test_the_file_is_replaced_for_everyone_to_read(tmp_path: pathlib.Path) -> None:
    history = History(str(tmp_path / "state"), most=2)
    path = tmp_path / "nova_xen.prom"
    for number in range(4):
        history.keep(make_record(id=str(number), started=START + number))
        write_metrics(str(path), history, {"3": make_progress()})
        found = values(path.read_bytes())
        assert found["nova_xen_migrations_ended_total", "", "done"] == number + 1
    assert found["elapsed_seconds", "db", ""] == 10.0
    assert path.stat().st_mode & 0o777 == 0o644
    assert {each.name for each in tmp_path.iterdir()} == {"state", path.name}


def test_a_folder_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_metrics(str(tmp_path / "no" / "x.prom"), History(str(tmp_path)))
