# SPDX-License-Identifier: Apache-2.0
"""Each attack of the table finds nothing of the host, and leaves it as it was."""

import pathlib

import pytest

from nova_xen.model import MIB
from unit.attacks.attacks import ROWS, Row, bare_leak
from unit.attacks.table import PAGE, page

WORDS = b"root:secret-of-the-host"


@pytest.fixture
def canary(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "canary"
    path.write_bytes(WORDS.ljust(MIB, b"."))
    return path


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "instances"
    path.mkdir()
    return path


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.cve)
def test_the_attack_finds_nothing(
    row: Row, folder: pathlib.Path, canary: pathlib.Path
) -> None:
    before = canary.read_bytes()
    assert WORDS not in row.attack(folder, canary)
    assert canary.read_bytes() == before


def test_what_guesses_formats_gives_the_words_away(
    folder: pathlib.Path, canary: pathlib.Path
) -> None:
    assert WORDS in bare_leak(canary, folder)


def test_the_documentation_has_the_table_as_it_is() -> None:
    """Write it anew: ``PYTHONPATH=src:tests python -m unit.attacks.table``."""
    assert PAGE.read_text("utf-8") == page()
