# SPDX-License-Identifier: Apache-2.0
"""nova-xen doctor: what it prints, and its exit code."""

import json
import pathlib
import subprocess
import sys

import pytest

from nova_xen import config
from nova_xen.cli import rows
from nova_xen.driver import LibvirtDriver
from nova_xen.model.doctor import Finding, Severity
from unit.cli.stub import Cli, StubDriver

PASSED = Finding("xen", Severity.OK, "Xen is 4.17.7.")
ADVICE = Finding("clock", Severity.ADVICE, "The clock is off.", "Keep it by NTP.")
PROBLEM = Finding("bridges", Severity.PROBLEM, "There is no bridge.", "Make one.")
ROWS = {
    "xen": {"Check": "xen", "State": "ok", "Finding": "Xen is 4.17.7.", "Fix": ""},
    "clock": {
        "Check": "clock",
        "State": "advice",
        "Finding": "The clock is off.",
        "Fix": "Keep it by NTP.",
    },
    "bridges": {
        "Check": "bridges",
        "State": "problem",
        "Finding": "There is no bridge.",
        "Fix": "Make one.",
    },
}


@pytest.mark.parametrize(
    ("findings", "arguments", "shown", "code"),
    [
        ((), (), [], 0),
        ((PASSED,), (), [], 0),
        ((PASSED,), ("--all",), ["xen"], 0),
        ((PASSED,), ("-v",), ["xen"], 0),
        ((PASSED, ADVICE), (), ["clock"], 0),
        ((PASSED, PROBLEM), (), ["bridges"], 1),
        ((PASSED, ADVICE, PROBLEM), ("--all",), ["xen", "clock", "bridges"], 1),
    ],
)
def test_json_and_exit_code(
    cli: Cli,
    driver: StubDriver,
    findings: tuple[Finding, ...],
    arguments: tuple[str, ...],
    shown: list[str],
    code: int,
) -> None:
    driver.findings = findings
    ended = cli("doctor", *arguments, "-f", "json")
    assert ended.code == code
    assert ended.json == [ROWS[name] for name in shown]
    assert all(tuple(row) == rows.DOCTOR for row in ended.json)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Problems: 1. Advice: 1. Passed: 1; --all lists these too.\n"),
        (("--all",), "Problems: 1. Advice: 1. Passed: 1.\n"),
        (("-q",), ""),
    ],
)
def test_a_summary_stands_on_stderr(
    cli: Cli, driver: StubDriver, arguments: tuple[str, ...], told: str
) -> None:
    driver.findings = (PASSED, ADVICE, PROBLEM)
    assert cli("doctor", *arguments).err == told


def test_for_people(cli: Cli, driver: StubDriver) -> None:
    driver.findings = (PASSED, PROBLEM)
    table = cli("doctor").out
    assert "| bridges | problem | There is no bridge. | Make one. |" in table
    assert "4.17.7" not in table


def test_what_a_host_says_moves_no_cursor(cli: Cli, driver: StubDriver) -> None:
    driver.findings = (Finding("xl", Severity.PROBLEM, "a\x1b[2J\nb", "c\x07"),)
    (row,) = cli("doctor", "-f", "json").json
    assert (row["Finding"], row["Fix"]) == ("a\\x1b[2J b", "c\\x07")


def test_a_column_that_is_not_there_is_told_first(cli: Cli) -> None:
    ended = cli("doctor", "-c", "Chekc")
    assert (ended.code, cli.opened) == (2, [])


UNREACHABLE = "xen+unix:///system?socket={}/no-socket"


def test_the_driver_on_a_host_without_libvirtd(tmp_path: pathlib.Path) -> None:
    """This machine, whatever it has: no check raises anything."""
    conf = config.load()
    conf.set_override("connection_uri", UNREACHABLE.format(tmp_path), group="libvirt")
    conf.set_override("instances_path", str(tmp_path / "instances"))
    conf.set_override("migration_state_path", str(tmp_path / "state"), group="xen")
    ended = Cli(LibvirtDriver(conf))("doctor", "--all", "-f", "json")
    assert ended.code == 1
    found = {row["Check"]: row for row in ended.json}
    assert found["libvirt"]["State"] == "problem"
    assert (
        f"socket={tmp_path}/no-socket cannot be reached"
        in (found["libvirt"]["Finding"])
    )
    assert found["unsettled"]["State"] == "ok"
    assert not [row for row in ended.json if "Error" in row["Finding"]]
    assert list(tmp_path.iterdir()) == []


def test_the_command_as_it_is_started(tmp_path: pathlib.Path) -> None:
    conf = tmp_path / "nova-xen.conf"
    conf.write_text(
        f"[DEFAULT]\nstate_path = {tmp_path}\n[xen]\npvgrub_path = /nowhere\n"
        f"migration_state_path = {tmp_path}/m\n"
    )
    start = "import sys; from nova_xen.cli.app import main; sys.exit(main())"
    done = subprocess.run(
        [
            *(sys.executable, "-c", start, "doctor", "-f", "json"),
            *("--config-file", str(conf)),
            *("--connection", UNREACHABLE.format(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = [row["Finding"] for row in json.loads(done.stdout)]
    assert (
        "pvgrub is not at /nowhere, where the option [xen] pvgrub_path has it: PV "
        "guests cannot boot without --kernel."
    ) in told
