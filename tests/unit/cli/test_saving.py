# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen import exceptions
from unit.cli.stub import Cli, StubDriver


@pytest.mark.parametrize(
    ("argv", "calls"),
    [
        (("suspend", "a", "b"), [("suspend", "a"), ("suspend", "b")]),
        (("resume", "a"), [("resume", "a")]),
        (("start", "a", "--discard-memory"), [("power_on", "a", "discard_memory")]),
    ],
)
def test_each_asks_the_driver(
    cli: Cli, driver: StubDriver, argv: tuple[str, ...], calls: list[object]
) -> None:
    ended = cli("server", *argv)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert driver.calls == calls


def test_a_failure_does_not_stop_the_rest(cli: Cli, driver: StubDriver) -> None:
    driver.errors["suspend", "a"] = exceptions.ServerBusy(
        server="a", action="suspended", who="another command"
    )
    ended = cli("server", "suspend", "a", "b")
    assert ended.code == 1
    assert ended.err == (
        "Server a cannot be suspended now, since another command is at work on it; "
        "wait until that has ended.\n"
    )
    assert driver.calls[-1] == ("suspend", "b")


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        ((), ("trigger_crash_dump", "a", None, False)),
        (("--file", "core"), ("trigger_crash_dump", "a", "core", False)),
        (("--crash",), ("trigger_crash_dump", "a", None, True)),
    ],
)
def test_a_dump_tells_where_it_is(
    cli: Cli, driver: StubDriver, argv: tuple[str, ...], call: object
) -> None:
    ended = cli("server", "dump", "create", "a", *argv, "-f", "json")
    file = "core" if "core" in argv else "/dumps/core"
    assert ended.json == {"server": "a", "file": file, "size": 1024**2}
    assert driver.calls == [call]


@pytest.mark.parametrize("argv", [("suspend",), ("resume",), ("dump", "create")])
def test_usage_errors(cli: Cli, argv: tuple[str, ...]) -> None:
    assert cli("server", *argv).code == 2
    assert cli.opened == []
