# SPDX-License-Identifier: Apache-2.0
"""tools/test fails when any of what it runs does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
#: each writes what it was asked, and fails when that has the words of $FAILING in it
STUB = """#!/bin/sh
line="${0##*/} $*"
echo "$line" >>calls
case "$line" in *"$FAILING"*) exit 3 ;; esac
"""
PROGRAMS = ("ruff", "mypy", "lint-imports", "bandit", "reno", "sphinx-build", "pytest")
HERE = (
    *("ruff check", "ruff format", "mypy", "lint-imports", "bandit", "reno -q lint"),
    *("sphinx-build", "pytest -q tests/unit", "pytest -q tests/libxl"),
    "tests/appliance",
)
LAB = (
    *("xenlab up", "--ignore tests/xen/migration", "test_ticks.py"),
    *("tests/contract/test_start.py", "tests/contract/test_define.py"),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose programs are all stubs, but for tools/test."""
    (tmp_path / "tools").mkdir()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    shutil.copy(REPOSITORY / "tools/test", tmp_path / "tools/test")
    stubs = [f".venv/bin/{name}" for name in PROGRAMS]
    for each in (*stubs, "tools/setup", "tools/xenlab", "tools/cloud-init"):
        (tmp_path / each).write_text(STUB)
        (tmp_path / each).chmod(0o755)
    return tmp_path


def run(
    checkout: Path, *arguments: str, failing: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "tools/test", *arguments],
        cwd=checkout,
        env={**os.environ, "FAILING": failing},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("--lab",)])
def test_all_is_run(checkout: Path, arguments: tuple[str, ...]) -> None:
    done = run(checkout, *arguments, failing="nothing at all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all passed" in done.stdout
    calls = (checkout / "calls").read_text()
    for mark in (*HERE, *LAB) if arguments else HERE:
        assert mark in calls


@pytest.mark.parametrize("mark", HERE)
def test_what_fails_here_is_told(checkout: Path, mark: str) -> None:
    done = run(checkout, failing=mark)
    assert done.returncode != 0
    assert "all passed" not in done.stdout


@pytest.mark.parametrize("mark", LAB)
@pytest.mark.parametrize("arguments", [("--xen",), ("--lab",)])
def test_what_fails_in_the_lab_is_told(
    checkout: Path, mark: str, arguments: tuple[str, ...]
) -> None:
    done = run(checkout, *arguments, failing=mark)
    assert done.returncode != 0
    assert "all passed" not in done.stdout
    assert "xenlab down" in (checkout / "calls").read_text()
