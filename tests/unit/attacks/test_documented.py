# SPDX-License-Identifier: Apache-2.0
"""doc/attacks.rst has each attack that is to be there, and tests that are there."""

import ast
import re

import pytest

from unit.attacks.table import PAGE, ROOT, ROWS, Row, page

#: what this program promises to stand
PROMISED = (
    *("CVE-2012-3360", "CVE-2012-3361", "CVE-2012-3447", "CVE-2013-1922"),
    *("CVE-2013-2096", "CVE-2013-4463", "CVE-2013-4469", "CVE-2014-0134"),
    *("CVE-2015-5163", "CVE-2015-7548", "CVE-2016-2140", "CVE-2020-17376"),
    *("CVE-2022-47951", "CVE-2023-2088", "CVE-2024-32498", "CVE-2024-40767"),
    "CVE-2026-24708",
    *("files-by-proof", "host-as-option", "lying-destination"),
)
_ID = re.compile(r"``(tests/\S+?\.py)::(\w+)(?:\[(.*?)\])?``")


def documented() -> dict[str, list[tuple[str, str, str]]]:
    """The tests of each row of the page: file, function and parameter."""
    first, *rows = PAGE.read_text("utf-8").split("   * - ")[1:]
    assert first.startswith("attack\n")
    return {row.split("\n")[0]: _ID.findall(row) for row in rows}


def test_the_page_is_as_the_table() -> None:
    """Write it anew: ``PYTHONPATH=src:tests python -m unit.attacks.table``."""
    assert PAGE.read_text("utf-8") == page()


def test_every_attack_has_its_row_and_its_line() -> None:
    assert tuple(row.cve for row in ROWS) == PROMISED
    assert tuple(documented()) == PROMISED


def test_no_two_rows_are_one_attack() -> None:
    assert len({row.attack for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.cve)
def test_the_tests_that_are_named_are_there(row: Row) -> None:
    """The first is the row's own; the others are functions of other files."""
    (path, name, parameter), *beside = documented()[row.cve]
    assert (name, parameter) == ("test_the_attack_finds_nothing", row.cve)
    for file, function in ((path, name), *(each[:2] for each in beside)):
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        defined = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
        assert function in defined
