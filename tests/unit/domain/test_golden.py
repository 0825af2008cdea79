# SPDX-License-Identifier: Apache-2.0
"""Documents that planning gives, against the files in tests/golden.

To make the files anew: ``PYTHONPATH=src:tests python -m golden``.
"""

import difflib
import pathlib

import pytest

from golden.__main__ import FOLDER
from golden.cases import cases
from nova_xen import rules
from nova_xen.domain import format_domain, parse_domain
from nova_xen.rules.schema import SCHEMA

PLANS = cases()
DOCUMENTS = sorted(FOLDER.glob("*.xml"), key=lambda path: path.stem)
NAMES = [path.stem for path in DOCUMENTS]


def difference(wanted: str, made: str) -> str:
    """A readable difference, empty when there is none."""
    lines = difflib.unified_diff(
        wanted.splitlines(), made.splitlines(), "golden", "planned", lineterm="", n=2
    )
    return "\n".join(lines)


def test_each_case_has_its_document_and_each_document_its_case() -> None:
    assert sorted(PLANS) == NAMES


@pytest.mark.parametrize("name", sorted(PLANS))
def test_planned_document_is_the_golden_one(name: str) -> None:
    wanted = (FOLDER / f"{name}.xml").read_text("utf-8")
    found = difference(wanted, format_domain(PLANS[name].domain))
    assert not found, f"{name} differs; see golden/__main__.py\n{found}"


def test_difference_shows_the_changed_line() -> None:
    assert "-b\n+c" in difference("a\nb", "a\nc")


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_reading_and_writing_a_document_changes_nothing(path: pathlib.Path) -> None:
    text = path.read_text("utf-8")
    assert format_domain(parse_domain(text)) == text


@pytest.mark.parametrize("name", sorted(PLANS))
def test_what_is_written_is_read_back(name: str) -> None:
    domain = PLANS[name].domain
    assert parse_domain(format_domain(domain)) == domain


@pytest.mark.skipif(not SCHEMA.exists(), reason="libvirt's schema is not installed")
@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_document_is_clean_by_schema_and_rules(path: pathlib.Path) -> None:
    domain = parse_domain(path.read_text("utf-8"))
    assert list(rules.findings(domain)) == []
