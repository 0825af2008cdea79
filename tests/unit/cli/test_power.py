# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen import exceptions
from nova_xen.cli.signals import Interrupted
from unit.cli.stub import Cli, StubDriver


@pytest.mark.parametrize(
    ("argv", "calls"),
    [
        (("start", "a", "b"), [("power_on", "a"), ("power_on", "b")]),
        (("start", "a", "a"), [("power_on", "a")]),
        (("stop", "a"), [("power_off", "a", None)]),
        (("stop", "a", "--timeout", "0"), [("power_off", "a", 0)]),
        (("reboot", "a"), [("reboot", "a", False)]),
        (("reboot", "a", "--hard"), [("reboot", "a", True)]),
        (("pause", "a"), [("pause", "a")]),
        (("unpause", "a"), [("unpause", "a")]),
        (("delete", "db"), [("init_host",), ("destroy", "db")]),
    ],
)
def test_each_asks_the_driver(
    cli: Cli, driver: StubDriver, argv: tuple[str, ...], calls: list[object]
) -> None:
    ended = cli("server", *argv)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert driver.calls == calls


def test_verbose_tells_what_was_done(cli: Cli) -> None:
    assert cli("-v", "server", "start", "db").err == "Server db started.\n"


def test_a_failure_does_not_stop_the_rest(cli: Cli, driver: StubDriver) -> None:
    ended = cli("server", "delete", "db", "nothing", "web1")
    assert ended.code == 1
    assert ended.err == (
        "There is no server nothing on this host; see 'nova-xen server list' "
        "for those there are.\n"
    )
    assert driver.servers == {}


def test_the_exit_code_remembers_an_early_failure(cli: Cli, driver: StubDriver) -> None:
    driver.errors["power_on", "a"] = exceptions.ServerNotFound(server="a")
    assert cli("server", "start", "a", "b").code == 1
    assert driver.calls[-1] == ("power_on", "b")


@pytest.mark.parametrize("number", [2, 15])
def test_an_interrupt_stops_the_rest(cli: Cli, driver: StubDriver, number: int) -> None:
    driver.errors["power_on", "a"] = Interrupted(number)
    ended = cli("server", "start", "a", "b")
    assert ended.code == 128 + number
    assert ended.err == (
        "Interrupted. Server a was being started; see 'nova-xen server list' for "
        "what it is now.\n"
    )
    assert driver.calls == [("power_on", "a")]


def test_an_interrupt_told_as_an_error_stops_the_rest(
    cli: Cli, driver: StubDriver
) -> None:
    failed = exceptions.StepFailed(
        server="a", action="started", step="start it", why="stopped.", undone="Undone."
    )
    failed.__cause__ = KeyboardInterrupt()
    driver.errors["power_on", "a"] = failed
    ended = cli("server", "start", "a", "b")
    assert ended.code == 130
    assert driver.calls == [("power_on", "a")]


@pytest.mark.parametrize(
    "argv",
    [("start",), ("stop", "a", "--timeout", "-1"), ("stop", "a", "--timeout", "x")],
)
def test_usage_errors(cli: Cli, argv: tuple[str, ...]) -> None:
    ended = cli("server", *argv)
    assert ended.code == 2
    assert f"nova-xen server {argv[0]}: error: " in ended.err
    assert cli.opened == []
