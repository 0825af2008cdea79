# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.cli import console
from nova_xen.cli.console import last_lines, skip
from unit.cli.stub import Cli, StubDriver

LOG = ("server", "console", "log", "db")


def test_console_log(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"\x1b[1mboot\x1b[0m\r\nlogin: "]
    ended = cli(*LOG)
    assert (ended.code, ended.out) == (0, "boot\nlogin: ")
    assert driver.calls == [("get_console_output", "db", 102400)]


def test_raw_is_byte_for_byte(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"\x1b[1mboot\xff\r\n"]
    assert cli(*LOG, "--raw").raw == b"\x1b[1mboot\xff\r\n"


def test_raw_is_refused_on_a_terminal(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"\x1b[1mboot"]
    ended = cli(*LOG, "--raw", terminal=True)
    assert (ended.code, ended.out) == (2, "")
    assert "--raw needs stdout to be a file or a pipe" in ended.err
    assert driver.calls == []


@pytest.mark.parametrize(
    ("output", "count", "lines"),
    [
        (b"", 2, b""),
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\n", 5, b"a\n"),
        (b"a\nb\n", 0, b""),
    ],
)
def test_last_lines(output: bytes, count: int, lines: bytes) -> None:
    assert last_lines(output, count) == lines


def test_lines_reads_as_much_as_it_takes(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"".join(b"%099d\n" % i for i in range(5000))]
    lines = cli(*LOG, "--lines", "3000").out.splitlines()
    assert [int(lines[0]), int(lines[-1]), len(lines)] == [2000, 4999, 3000]


def test_lines_does_not_read_without_end(
    cli: Cli, driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "ALL", 800 * 1024)
    driver.console = [b"x" * 2_000_000]
    assert len(cli(*LOG, "--lines", "1").out) == 800 * 1024


def test_follow_shows_everything(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"a\xe2\x82", b"\xacb\x1b", b"[1mc"]
    assert cli(*LOG, "--follow").out == "a€bc"


def test_follow_after_the_last_lines(cli: Cli, driver: StubDriver) -> None:
    driver.console = [b"one\ntwo\n", b"one\n", b"two\nthree\n"]
    assert cli(*LOG, "--follow", "--lines", "1").out == "two\nthree\n"


def test_follow_before_anything_was_printed(cli: Cli, driver: StubDriver) -> None:
    driver.errors["get_console_output"] = exceptions.ConsoleUnavailable(
        server="db", why="nothing yet"
    )
    driver.console = [b"one\n"]
    assert cli(*LOG, "--follow", "--lines", "1").out == "one\n"


@pytest.mark.parametrize(
    ("count", "rest"),
    [(0, b"abcdef"), (2, b"cdef"), (3, b"def"), (5, b"f"), (6, b""), (9, b"")],
)
def test_skip(count: int, rest: bytes) -> None:
    assert b"".join(skip([b"ab", b"", b"cdef"], count)) == rest


def test_ctrl_c_ends_following(
    cli: Cli, driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_stopped(_name: str) -> Iterator[bytes]:
        yield b"one\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(driver, "follow_console", until_stopped)
    ended = cli(*LOG, "--follow")
    assert (ended.code, ended.out, ended.err) == (130, "one\n", "Interrupted.\n")


def test_no_console_is_a_sentence(cli: Cli, driver: StubDriver) -> None:
    driver.errors["get_console_output"] = exceptions.ConsoleUnavailable(
        server="db", why="nobody keeps one"
    )
    ended = cli(*LOG)
    assert ended.code == 1
    assert ended.err == "Server db has no console log: nobody keeps one.\n"
