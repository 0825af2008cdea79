# SPDX-License-Identifier: Apache-2.0
"""The machine's apt sources, turned to another suite."""

from pathlib import Path

import pytest
from lab import sources
from lab.errors import LabError

DEB822 = """Types: deb
# a comment
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://deb.nodesource.com/node_20.x
Suites: nodistro
Components: main
"""


def test_deb822_keeps_mirror_keyring_and_security() -> None:
    assert sources.retarget([("debian.sources", DEB822)]) == [
        "deb [signed-by=/usr/share/keyrings/debian.gpg] "
        "http://deb.debian.org/debian @SUITE@ main",
        "deb [signed-by=/usr/share/keyrings/debian.gpg] "
        "http://deb.debian.org/debian @SUITE@-updates main",
        "deb http://deb.debian.org/debian-security @SUITE@-security main",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://m/debian trixie main", ["deb http://m/debian @SUITE@ main"]),
        (
            "deb [trusted=yes] http://m/s stable-security main # note",
            ["deb [trusted=yes] http://m/s @SUITE@-security main"],
        ),
        ("deb-src http://m/debian trixie main", []),
        ("# deb http://m/debian trixie main", []),
        ("deb http://m/debian trixie-backports main", []),
        ("deb http://m/debian trixie contrib", []),
        ("deb https://packages.example/apt cloud-sdk-bookworm main", []),
        ("", []),
    ],
)
def test_one_line_entries(line: str, expected: list[str]) -> None:
    assert sources.retarget([("sources.list", line)]) == expected


def test_a_disabled_stanza_does_not_count() -> None:
    text = DEB822.split("\n\n")[1] + "\nEnabled: no\n"
    assert sources.retarget([("x.sources", text)]) == []


def test_the_variable_names_a_file_that_is_taken_as_it_is(tmp_path: Path) -> None:
    named = tmp_path / "mine.list"
    named.write_text("deb http://mine trixie main\n")
    environment = {sources.OVERRIDE: str(named)}
    assert sources.for_suite("trixie", environment) == "deb http://mine trixie main\n"


def test_no_mirror_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_PLACES", ("/nowhere",))
    with pytest.raises(LabError, match="NOVA_XEN_LAB_APT_SOURCES"):
        sources.for_suite("trixie", {})
