# SPDX-License-Identifier: Apache-2.0
import pathlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.cli import migration_rows
from nova_xen.cli.live import SlowLine
from nova_xen.cli.session import open_driver
from nova_xen.exceptions.migration import HostNotLost
from nova_xen.migration.history import History
from nova_xen.model import (
    MigrationState,
    RecoveryAction,
    RecoveryPlan,
    RecoveryStep,
    Side,
)
from unit.cli.migrations import ID, make_record
from unit.cli.stub import Cli, Stream, StubDriver

#: the few seconds, for a test
SHORT = {"quiet": False, "patience": 0.2}

UNMEASURED: dict[str, Any] = {
    "state": MigrationState.COPYING,
    "ended": None,
    "downtime": None,
    "bytes_sent": None,
    "passes": None,
    "samples": (),
}


def cells(text: str) -> dict[str, str]:
    """Field and value of a table that shows one object."""
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    return {row[1].strip(): row[2].strip() for row in rows}


def test_list(cli: Cli, driver: StubDriver) -> None:
    driver.records = [make_record(), make_record(id="old", name="we\x1bb")]
    ended = cli("migration", "list", "-f", "json")
    assert ended.code == 0
    assert tuple(ended.json[0]) == migration_rows.MIGRATIONS
    assert ended.json[0] == {
        "ID": ID,
        "Server": "db",
        "Destination": "xen2",
        "Kind": "live",
        "State": "done",
        "Started": "2023-11-14 22:13:20",
        "Elapsed": 34.5,
        "Sent": 283115520,
        "Downtime": 5.2,
    }
    assert ended.json[1]["Server"] == "'we\\x1bb'"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("34 s", "270 MiB", "5.2 s")),
        (UNMEASURED, ("not ended", "not measured", "not measured")),
    ],
)
def test_people_get_units_and_words(
    cli: Cli, driver: StubDriver, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    driver.records = [make_record(**changes)]
    row = cli("migration", "list").out.splitlines()[3]
    assert tuple(cell.strip() for cell in row.split("|")[-4:-1]) == words


def test_show(cli: Cli, driver: StubDriver) -> None:
    driver.records = [make_record()]
    ended = cli("migration", "show", "db", "-f", "json")
    assert ended.code == 0
    assert tuple(ended.json) == migration_rows.MIGRATION
    assert ended.json["entered"] == {
        "checking": 0.0,
        "preparing": 0.5,
        "copying": 1.0,
        "stopped": 28.0,
        "finishing": 33.2,
        "done": 34.5,
    }
    assert (ended.json["passes"], ended.json["bytes_sent"]) == (1, 283115520)
    assert driver.calls == [("get_migration", "db")]


def test_what_was_not_measured_is_never_0(cli: Cli, driver: StubDriver) -> None:
    driver.records = [make_record(**UNMEASURED)]
    shown = cells(cli("migration", "show", ID).out)
    unmeasured = ("bytes_sent", "passes", "downtime")
    assert {shown[name] for name in unmeasured} == {"not measured"}
    assert shown["elapsed"] == "not ended"
    told = cli("migration", "show", ID, "-f", "json").json
    assert {told[name] for name in (*unmeasured, "elapsed")} == {None}


def test_no_such_migration(cli: Cli) -> None:
    ended = cli("migration", "show", "nothing")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("There is no migration nothing on this host; ")


def test_plot(cli: Cli, driver: StubDriver, tmp_path: pathlib.Path) -> None:
    driver.records = [make_record()]
    path = tmp_path / "p.svg"
    path.write_text("before")
    ended = cli("migration", "show", "db", "--plot", str(path), "-f", "json")
    assert (ended.code, ended.json["id"]) == (0, ID)
    assert path.read_text().startswith("<svg ")


@pytest.mark.parametrize(
    ("changes", "path", "why"),
    [
        (UNMEASURED, "p.svg", "no bytes of it were measured"),
        ({}, "nothing/p.svg", "No such file or directory"),
    ],
)
def test_a_plot_that_cannot_be(
    cli: Cli,
    driver: StubDriver,
    tmp_path: pathlib.Path,
    changes: dict[str, Any],
    path: str,
    why: str,
) -> None:
    driver.records = [make_record(**changes)]
    ended = cli("migration", "show", "db", "--plot", str(tmp_path / path))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"The migration {ID} was not drawn: ")
    assert ended.err.endswith(f"{why}.\n")


@pytest.mark.parametrize(
    ("command", "method", "told"),
    [
        ("abort", "abort_migration", "An abort was asked for server db.\n"),
        (
            "force-complete",
            "force_complete_migration",
            "Completion was forced for server db.\n",
        ),
    ],
)
def test_what_is_asked_of_a_running_one(
    cli: Cli, driver: StubDriver, command: str, method: str, told: str
) -> None:
    words = ("migration", *command.split(" "))
    ended = cli(*words, "db")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert driver.calls == [(method, "db")]
    assert cli("-v", *words, "db").err == told
    driver.errors[method] = exceptions.MigrationTooLate(
        server="db", action="aborted", why="no process migrates it now"
    )
    failed = cli(*words, "db")
    assert failed.code == 1
    assert failed.err.startswith("The migration of server db cannot be aborted: no")


PLANS = {
    "done": RecoveryPlan(
        state=MigrationState.DONE,
        sentence="Server db runs on xen2.",
        steps=(
            RecoveryStep(
                side=Side.SOURCE, action=RecoveryAction.DESTROY, domid=7, why="it left"
            ),
        ),
    ),
    "failed": RecoveryPlan(
        state=MigrationState.FAILED, sentence="Server db runs here."
    ),
    "undecided": RecoveryPlan(
        state=MigrationState.UNDECIDED, sentence="Two of server\nweb1 may run."
    ),
    "advised": RecoveryPlan(
        state=MigrationState.UNDECIDED, sentence="Server a is lost: look for it"
    ),
}


@pytest.mark.parametrize(
    ("plans", "code", "err"),
    [
        ((), 0, ""),
        (("done", "failed"), 0, ""),
        (("undecided",), 1, "Two of server web1 may run.\n"),
        (
            ("advised",),
            1,
            "Server a is lost: look for it, then run 'nova-xen migration recover' "
            "again.\n",
        ),
        (("done", "undecided", "failed"), 1, "Two of server web1 may run.\n"),
    ],
)
def test_recover(
    cli: Cli, driver: StubDriver, plans: tuple[str, ...], code: int, err: str
) -> None:
    driver.recovered = tuple(PLANS[name] for name in plans)
    ended = cli("migration", "recover", "-f", "json")
    assert (ended.code, ended.err) == (code, err)
    states = [PLANS[name].state.value for name in plans]
    assert [row["State"] for row in ended.json] == states


def test_recover_tells_the_steps(cli: Cli, driver: StubDriver) -> None:
    driver.recovered = (PLANS["done"],)
    ended = cli("migration", "recover", "db", "web1", "db", "-f", "json")
    assert tuple(ended.json[0]) == migration_rows.RECOVERED
    assert ended.json[0]["Steps"] == [
        {"host": "source", "action": "destroy", "domain_id": 7, "why": "it left"}
    ]
    assert driver.calls == [("recover_migrations", ("db", "web1"))]


def test_recover_is_told_which_hosts_are_lost(cli: Cli, driver: StubDriver) -> None:
    lost = ("--lost-host", "xen2", "--lost-host", "xen3", "--lost-host", "xen2")
    assert cli("migration", "recover", "db", *lost).code == 0
    assert driver.calls == [("recover_migrations", ("db",), ("xen2", "xen3"))]


def test_a_lost_host_that_answers_is_told(cli: Cli, driver: StubDriver) -> None:
    driver.errors["recover_migrations"] = HostNotLost(
        destination="xen2", how="by its nova-xen"
    )
    ended = cli("migration", "recover", "--lost-host", "xen2")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "Host xen2 is not lost, for it answers (by its nova-xen), and a server may run "
        "there; switch it off, or run 'nova-xen migration recover' without "
        "--lost-host. Nothing was changed.\n"
    )


@pytest.mark.parametrize(
    ("options", "err"), [((), "Server db: xen2 is asked.\n"), (("-q",), "")]
)
def test_recover_tells_what_it_waits_for(
    cli: Cli,
    driver: StubDriver,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    err: str,
) -> None:
    """Once what it does takes long; what is over soon is not told."""
    monkeypatch.setattr(SlowLine.__init__, "__kwdefaults__", SHORT)
    written = threading.Event()
    write = Stream.write

    def noted(stream: Stream, text: str) -> int:
        count = write(stream, text)
        written.set()
        return count

    def waits(tell: Callable[[str], None]) -> None:
        tell("Server db: this is over at once")
        tell("Server db: xen2 is asked")
        assert written.wait(0 if options else 30) is not bool(options)
        tell("Server db: xen2 is asked")

    driver.waits = waits
    monkeypatch.setattr(Stream, "write", noted)
    assert cli(*options, "migration", "recover").err == err


def test_records_need_no_libvirt(tmp_path: pathlib.Path) -> None:
    conf = tmp_path / "conf"
    conf.write_text(f"[xen]\nmigration_state_path = {tmp_path}/state\n")
    History(str(tmp_path / "state")).keep(make_record())
    nowhere = "xen+unix:///system?socket=/nonexistent"
    real = Cli(open_driver([str(conf)], nowhere))
    assert [row["ID"] for row in real("migration", "list", "-f", "json").json] == [ID]
    path = tmp_path / "x.svg"
    assert real("migration", "show", "db", "--plot", str(path)).code == 0
    assert path.exists()
    assert real("migration", "recover", "-f", "json").json == []
    refused = real("server", "migrate", "db", "--host", "xen2")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("libvirt cannot be reached at ")
    assert len(refused.err.splitlines()) == 1


@pytest.mark.parametrize(
    "argv", [("show",), ("abort",), ("force-complete", "a", "b"), ("list", "a")]
)
def test_usage(cli: Cli, argv: tuple[str, ...]) -> None:
    assert cli("migration", *argv).code == 2
    assert cli.opened == []
