# SPDX-License-Identifier: Apache-2.0
"""doc/cli.rst promises columns and options: it must name those there are."""

import pathlib
import re

import pytest

from nova_xen.cli import migration_rows, resource_rows, rows
from nova_xen.cli.commands import NAMESPACE, Commands
from unit.cli.stub import Cli

DOCUMENT = pathlib.Path(__file__).parents[3] / "doc" / "cli.rst"

TABLES = {
    "``server list``: a list of objects": rows.LIST_LONG,
    "``server show`` and ``server create``: one object": rows.SERVER,
    "``server add volume`` and ``server add network``: one object": rows.DEVICE,
    "``server device list``: a list of objects": rows.DEVICES,
    "``explain``: a list of objects": rows.EXPLAIN,
    "``host show``: one object": rows.HOST,
    "``host inventory``: a list of objects": resource_rows.INVENTORY,
    "``host traits``: a list of objects": resource_rows.TRAITS,
    "``server diagnostics``: one object": resource_rows.DIAGNOSTICS,
    "``server dump create``: one object": rows.DUMP,
    "``doctor``: a list of objects": rows.DOCTOR,
    "``image inspect``: one object": rows.IMAGE,
    "``image cache list``: a list of objects": rows.CACHE,
    "``image cache scrub``: a list of objects": rows.SCRUB,
    "``image cache prune``: a list of objects": rows.PRUNE,
    "``migration list``: a list of objects": migration_rows.MIGRATIONS,
    "``migration show`` and ``server migrate``: one object": migration_rows.MIGRATION,
    "``migration recover``: a list of objects": migration_rows.RECOVERED,
}


def keys_below(title: str) -> list[str]:
    lines = DOCUMENT.read_text().split(title)[1].splitlines()
    borders = [n for n, line in enumerate(lines) if line.startswith("===")]
    width = lines[borders[0]].index(" ")
    below_head = (line[:width].strip() for line in lines[borders[1] + 1 : borders[2]])
    return [key for key in below_head if key]


@pytest.mark.parametrize("title", TABLES)
def test_every_column_is_documented_in_order(title: str) -> None:
    assert keys_below(title) == list(TABLES[title])


#: options that every command of cliff's kinds has
OF_CLIFF = {
    *("--help", "--format", "--column", "--quote", "--noindent", "--variable"),
    *("--prefix", "--max-width", "--fit-width", "--print-empty"),
    *("--sort-column", "--sort-ascending", "--sort-descending"),
    *("--name", "--shell"),
}


def test_every_option_is_documented(cli: Cli) -> None:
    completion = cli("complete", "--shell", "none").out
    options = set(re.findall("--[a-z-]+", completion)) - OF_CLIFF
    assert "--vnc-password-file" in options
    text = DOCUMENT.read_text()
    assert {option for option in options if option not in text} == set()


def test_every_command_is_documented() -> None:
    titles = re.findall("nova-xen .*(?=\n==)", DOCUMENT.read_text())
    text = ", ".join(titles).replace("nova-xen server", "server")
    names = {name for name, _entry_point in Commands(NAMESPACE)}
    assert "server console log" in names
    missing = {name for name in names if name.removeprefix("server ") not in text}
    assert missing == set()
