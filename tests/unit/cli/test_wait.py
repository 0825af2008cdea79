# SPDX-License-Identifier: Apache-2.0
import re

import pytest

from nova_xen.cli.wait import WaitFailed, wait_for_console
from nova_xen.exceptions import ConsoleUnavailable
from nova_xen.model import PowerState
from unit.cli.stub import Cli, StubDriver, create, make_server

SERVER = make_server("db", 1)


class Pauses(list[float]):
    """Stands for time.sleep and counts."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_anything_printed_is_enough(driver: StubDriver) -> None:
    driver.console = [b"", b"\r\n", b"Linux version"]
    pauses = Pauses()
    wait_for_console(driver, SERVER, None, 60, pause=pauses)
    assert len(pauses) == 2


def test_a_pattern_is_looked_for_in_what_a_person_would_see(
    driver: StubDriver,
) -> None:
    driver.console = [b"boot\n", b"boot\nhost \x1b[1mlogin\x1b[0m: "]
    pauses = Pauses()
    wait_for_console(driver, SERVER, re.compile("login:"), 60, pause=pauses)
    assert len(pauses) == 1


def test_a_log_may_come_later(
    driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = ConsoleUnavailable(server="db", why="nothing yet")
    driver.errors["get_console_output"] = absent
    driver.console = [b"boot"]

    def pause(_seconds: float) -> None:
        driver.errors.clear()

    wait_for_console(driver, SERVER, None, 60, pause=pause)
    assert driver.errors == {}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (None, "it printed nothing on its console within 0 seconds"),
        (re.compile("x"), "its console did not show 'x' within 0 seconds"),
    ],
)
def test_time_runs_out(
    driver: StubDriver, pattern: re.Pattern[str] | None, why: str
) -> None:
    with pytest.raises(WaitFailed, match=re.escape(why)):
        wait_for_console(driver, SERVER, pattern, 0, pause=Pauses())


@pytest.mark.parametrize("state", [PowerState.STOPPED, PowerState.CRASHED])
def test_a_guest_that_went_off_is_not_waited_for(
    driver: StubDriver, state: PowerState
) -> None:
    driver.servers["db"] = make_server("db", 1, state=state)
    driver.console = [b"Kernel panic\nbye\n"]
    pauses = Pauses()
    with pytest.raises(WaitFailed, match="went off") as failure:
        wait_for_console(driver, SERVER, re.compile("login"), 60, pause=pauses)
    assert failure.value.details == ("Kernel panic", "bye")
    assert pauses == []


def test_a_guest_may_say_it_and_go(driver: StubDriver) -> None:
    driver.servers["db"] = make_server("db", 1, state=PowerState.STOPPED)
    driver.console = [b"done\n"]
    pauses = Pauses()
    wait_for_console(driver, SERVER, re.compile("done"), 60, pause=pauses)
    assert pauses == []


def test_create_waits(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"login: "]
    ended = cli(*create("--wait-for", "login:", "-f", "json"))
    assert (ended.code, ended.json["name"]) == (0, "web")


def test_create_tells_what_did_not_come(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"one\ntwo\x1b[5m\n"]
    ended = cli(*create("--wait-for", "login:", "--timeout", "0"))
    assert ended.code == 1
    assert ended.err.splitlines()[1:] == ["  one", "  two"]
    assert "web" in driver.servers


@pytest.mark.parametrize(
    ("option", "code", "start"),
    [
        (("--wait",), 0, "Warning: Server web has no console log: nothing on"),
        (("--wait-for", "x"), 1, "Server web has no console log: nothing on"),
    ],
)
def test_create_without_a_console(
    cli: Cli,
    driver: StubDriver,
    monkeypatch: pytest.MonkeyPatch,
    option: tuple[str, ...],
    code: int,
    start: str,
) -> None:
    silent = make_server("web", 99, console_log="")

    def spawn(*_args: object) -> object:
        driver.servers["web"] = silent
        return silent

    monkeypatch.setattr(driver, "spawn", spawn)
    ended = cli(*create(*option))
    assert ended.code == code
    assert ended.err.startswith(start)


def test_interrupted_waiting_leaves_the_server(cli: Cli, driver: StubDriver) -> None:
    driver.errors["get_console_output"] = KeyboardInterrupt()
    ended = cli(*create("--wait"))
    assert ended.code == 130
    assert ended.err == "Interrupted. Server web was created and is left as it is.\n"
    assert "web" in driver.servers
