# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.cli.commands import NAMESPACE, Commands
from nova_xen.cli.session import config_files, open_driver
from nova_xen.version import package_version
from unit.cli.stub import Cli, StubDriver, create


def all_errors(
    of: type[exceptions.NovaXenError] = exceptions.NovaXenError,
) -> Iterator[type[exceptions.NovaXenError]]:
    yield of
    for each in of.__subclasses__():
        yield from all_errors(each)


def make(kind: type[exceptions.NovaXenError]) -> exceptions.NovaXenError:
    """One with a value for each place of its sentence."""
    places = re.findall(r"%\((\w+)\)(\w)", kind.msg_fmt)
    values: dict[str, Any] = {n: "X" if form == "s" else 3 for n, form in places}
    return kind(**values)


@pytest.mark.parametrize("kind", list(dict.fromkeys(all_errors())))
def test_every_error_is_one_sentence_and_exit_code_1(
    cli: Cli, driver: StubDriver, kind: type[exceptions.NovaXenError]
) -> None:
    error = make(kind)
    driver.errors["get_info"] = error
    ended = cli("server", "show", "db")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == error.sentence + "\n"


def test_details_stand_indented_below(cli: Cli, driver: StubDriver) -> None:
    error = make(exceptions.StepFailed).with_details(("libxl: no\x1b[2J", "line 2"))
    driver.errors["spawn"] = error
    lines = cli(*create()).err.splitlines()
    assert lines == [error.sentence, "  libxl: no\\x1b[2J", "  line 2"]


def test_a_message_with_line_ends_is_one_line(cli: Cli) -> None:
    cli.opening_error = exceptions.InvalidConfig(why="first\nsecond\x07\u202e")
    ended = cli("server", "list")
    assert ended.code == 1
    assert ended.err == "The configuration is wrong: first second\\x07\\u202e.\n"


def test_an_unforeseen_error_is_one_sentence(cli: Cli, driver: StubDriver) -> None:
    driver.errors["list_servers"] = TypeError("what\nis this")
    ended = cli("server", "list")
    assert ended.code == 1
    assert ended.err == (
        "nova-xen failed unexpectedly (TypeError: what is this); run it again with "
        "--debug and report what it prints.\n"
    )


def test_debug_adds_a_traceback(cli: Cli, driver: StubDriver) -> None:
    driver.errors["list_servers"] = TypeError("what")
    ended = cli("--debug", "server", "list")
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.err


def test_the_log_file_keeps_the_traceback(
    cli: Cli, driver: StubDriver, tmp_path: pathlib.Path
) -> None:
    driver.errors["list_servers"] = make(exceptions.HypervisorError)
    log = tmp_path / "log"
    ended = cli("--log-file", str(log), "server", "list")
    assert "Traceback" not in ended.err
    assert "ERROR nova_xen.cli libvirt failed while X" in log.read_text()
    assert "Traceback" in log.read_text()


def test_a_log_file_that_cannot_be_written(cli: Cli) -> None:
    ended = cli("--log-file", "/nonexistent/log", "server", "list")
    assert ended.code == 2
    assert "--log-file: No such file or directory: /nonexistent/log" in ended.err


def test_global_options_reach_the_opener(cli: Cli) -> None:
    options = ("--connection", "test:///x", "--config-file", "a", "--config-file", "b")
    assert cli(*options, "server", "list").code == 0
    assert cli("server", "list").code == 0
    assert cli.opened == [(("a", "b"), "test:///x"), ((), None)]


def test_the_driver_is_opened_once(cli: Cli) -> None:
    assert cli("server", "list", "--long").code == 0
    assert len(cli.opened) == 1


@pytest.mark.parametrize("there", [True, False])
def test_the_default_configuration_file_may_be_absent(
    tmp_path: pathlib.Path, there: bool
) -> None:
    default = tmp_path / "nova-xen.conf"
    if there:
        default.touch()
    assert config_files((), str(default)) == ([str(default)] if there else [])
    assert config_files(("a",), str(default)) == ["a"]


def test_a_named_configuration_file_must_be_there() -> None:
    with pytest.raises(exceptions.InvalidConfig, match="/nonexistent"):
        open_driver(["/nonexistent"], None)


def test_the_option_connection_overrides_the_file(tmp_path: pathlib.Path) -> None:
    conf = tmp_path / "nova-xen.conf"
    conf.write_text("[libvirt]\nconnection_uri = xen:///other\n")
    assert _uri(open_driver([str(conf)], None)) == "xen:///other"
    assert _uri(open_driver([str(conf)], "xen:///mine")) == "xen:///mine"


def _uri(driver: Any) -> str:
    uri: str = driver._host.connection.uri
    return uri


@pytest.mark.parametrize(
    ("argv", "near"),
    [
        (("sever", "list"), "  server list"),
        (("server", "lits"), "  server list"),
        (("server",), "  server console log"),
        (("explian",), "  explain"),
        (("server\x1b[2J",), "  server list"),
    ],
)
def test_unknown_commands_get_suggestions(
    cli: Cli, argv: tuple[str, ...], near: str
) -> None:
    ended = cli(*argv)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("nova-xen: 'se" if near != "  explain" else "nova-xen:")
    assert near in ended.err.splitlines()
    assert "\x1b" not in ended.err
    assert cli.opened == []


@pytest.mark.parametrize("argv", [(), ("-v",), ("--nonsense",)])
def test_a_command_is_needed(cli: Cli, argv: tuple[str, ...]) -> None:
    ended = cli(*argv)
    assert ended.code == 2
    assert cli.opened == []


@pytest.mark.parametrize("argv", [("--help",), ("-h",), ("help",)])
def test_the_overview(cli: Cli, argv: tuple[str, ...]) -> None:
    ended = cli(*argv)
    assert (ended.code, ended.err) == (0, "")
    assert re.search("  server console log +Show what a server printed", ended.out)
    assert "--config-file FILE" in ended.out


@pytest.mark.parametrize(
    "argv", [("server", "create", "--help"), ("help", "server", "create")]
)
def test_help_of_a_command(cli: Cli, argv: tuple[str, ...]) -> None:
    ended = cli(*argv)
    assert ended.code == 0
    assert "--extra-spec KEY=VALUE" in ended.out


def test_help_of_no_command(cli: Cli) -> None:
    ended = cli("nonsense", "--help")
    assert ended.code == 2
    assert ended.err == "nova-xen help: error: 'nonsense' is no command\n"


def test_version(cli: Cli) -> None:
    ended = cli("--version")
    assert (ended.code, ended.out) == (0, f"nova-xen {package_version()}\n")


def test_completion_knows_commands_and_options(cli: Cli) -> None:
    script = cli("complete").out
    assert "complete -F _nova_xen nova-xen" in script
    options = re.search("cmds_server_create='(.*)'", script)
    assert options is not None
    assert "--vnc-password-file" in options[1].split()


def test_quiet_keeps_errors(cli: Cli) -> None:
    assert "There is no server" in cli("-q", "server", "show", "nobody").err


def test_a_command_that_cannot_be_loaded_does_not_hide_the_others() -> None:
    commands = Commands(NAMESPACE)
    broken = metadata.EntryPoint("broken", "nova_xen.cli.nothing:X", NAMESPACE)
    commands.commands["broken"] = broken
    overview = commands.overview()
    assert re.search("broken .*cannot be loaded: No module named", overview)
    assert "server list" in overview
