# SPDX-License-Identifier: Apache-2.0
"""Migrations that cannot be, by the product's driver in a process of its own."""

import os
import pathlib

import pytest

from nova_xen.cli import detached
from nova_xen.migration.journal import Journals
from unit.cli.refusing_child import child_command, make_driver
from unit.cli.stub import Cli, Ended
from unit.migration.hosts import UUID

TESTS = pathlib.Path(__file__).parents[2]
MIGRATE = ("server", "migrate")
OTHER = ("--host", "xen2")

REFUSED = {
    "an unknown server": ((*MIGRATE, "nobody", *OTHER), "There is no server nobody"),
    "a server without a name": (
        (*MIGRATE, "", *OTHER),
        "There is no server '' on this host",
    ),
    "a server that is off": (
        (*MIGRATE, "off", *OTHER),
        "Server off cannot be migrated to xen2: it does not run, and a guest must run",
    ),
    "an unknown host": (
        (*MIGRATE, "web", "--host", "nowhere"),
        "Host nowhere gives no answer: it ended with the code 255 (ssh: Could not "
        "resolve hostname nowhere: Name or service not known)",
    ),
    "an option as a host": (
        (*MIGRATE, "web", "--host=-oProxyCommand=id"),
        "neither a host name nor an IP address",
    ),
    "no host": ((*MIGRATE, "web", "--host", ""), "neither a host name nor an IP"),
    "a host that moves the cursor": (
        (*MIGRATE, "web", "--host", "\x1b[2J"),
        "neither a host name nor an IP address",
    ),
    "a user with it": (
        (*MIGRATE, "web", "--host", "root@xen2"),
        "a user or a port belongs into [libvirt] live_migration_uri",
    ),
    "an abort of nothing": (
        ("migration", "abort", "web"),
        "no process migrates it now",
    ),
    "a force-complete of nothing": (
        ("migration", "force-complete", "web"),
        "no process migrates it now",
    ),
    "an abort of nobody": (("migration", "abort", "nobody"), "There is no server"),
    "a recovery of nobody": (
        ("migration", "recover", "nobody"),
        "There is no migration nobody",
    ),
    "a recovery of nothing": (
        ("migration", "recover", "web"),
        "There is no migration web",
    ),
    "a migration that was none": (("migration", "show", "web"), "no migration web"),
}


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.setattr(detached, "CHILD", child_command(tmp_path))
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "xl").write_text("#!/bin/sh\necho virt_caps : hvm hap\n")
    (tools / "xl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def refused(folder: pathlib.Path, *argv: str) -> Ended:
    """One line for a person, and no word of a migration is kept."""
    cli = Cli(make_driver(folder))
    ended = cli(*argv)
    assert (ended.code, ended.out) == (1, "")
    (sentence, *details) = ended.err.splitlines()
    assert sentence.isprintable()
    assert sentence.endswith(".")
    assert all(line.startswith("  ") for line in details)
    assert "Traceback" not in ended.err
    assert cli("migration", "list", "-f", "json").json == []
    return ended


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(folder: pathlib.Path, case: str) -> None:
    argv, words = REFUSED[case]
    assert words in refused(folder, *argv).err


def test_a_second_migration_of_a_server(folder: pathlib.Path) -> None:
    hold = Journals(str(folder / "state")).hold(UUID)
    assert hold is not None
    with hold:
        ended = refused(folder, *MIGRATE, "web", *OTHER)
    assert "another process migrates it already" in ended.err
    assert "Nothing was changed" in ended.err
