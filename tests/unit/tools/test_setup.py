# SPDX-License-Identifier: Apache-2.0
"""tools/setup asks apt for what is missing, and for nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


def script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


class Checkout:
    """A checkout whose virtualenv, apt-get and id only write what they are told."""

    def __init__(self, top: Path) -> None:
        self.top = top
        (top / "tools").mkdir(parents=True)
        shutil.copy(REPOSITORY / "tools/setup", top / "tools/setup")
        (top / "setup.cfg").write_text("")
        (top / "requirements.txt").write_text("")
        self.calls = top / "calls"
        self.calls.write_text("")
        script(top / ".venv/bin/pip", "true")
        script(top / "bin/apt-get", f'echo "$*" >> {self.calls}')

    def bindep(self, body: str) -> None:
        script(self.top / ".venv/bin/bindep", f'[ "$1" = --version ] && exit\n{body}')

    def run(self, user: int) -> subprocess.CompletedProcess[str]:
        script(self.top / "bin/id", f"echo {user}")
        path = f"{self.top}/bin:{os.environ['PATH']}"
        return subprocess.run(
            [self.top / "tools/setup", "test"],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "nova-xen")


@pytest.mark.parametrize("user", [0, 1000])
def test_nothing_is_missing(checkout: Checkout, user: int) -> None:
    checkout.bindep("exit 0")
    done = checkout.run(user)
    assert done.returncode == 0, done.stderr
    assert checkout.calls.read_text() == ""


def test_root_installs_what_is_missing(checkout: Checkout) -> None:
    checkout.bindep("printf 'gcc\\nlz4\\n'; exit 1")
    done = checkout.run(0)
    assert done.returncode == 0, done.stderr
    last = checkout.calls.read_text().splitlines()[-1]
    assert last.endswith("install -y --no-install-recommends gcc lz4")


def test_others_are_told_what_is_missing(checkout: Checkout) -> None:
    checkout.bindep("printf 'gcc\\nlz4\\n'; exit 1")
    done = checkout.run(1000)
    assert done.returncode == 1
    assert "install them as root: gcc lz4" in done.stderr
    assert checkout.calls.read_text() == ""


def test_a_failing_bindep_is_not_taken_for_nothing_missing(checkout: Checkout) -> None:
    checkout.bindep("echo broken >&2; exit 1")
    done = checkout.run(0)
    assert done.returncode == 1
    assert "broken" in done.stderr
    assert "could not read bindep.txt" in done.stderr


def test_the_real_bindep_names_only_what_is_missing(checkout: Checkout) -> None:
    """bash is on every machine this runs on."""
    listed = checkout.top / "bindep.txt"
    listed.write_text("bash [platform:dpkg]\nno-such-package [platform:dpkg test]\n")
    checkout.bindep(f'exec {Path(sys.executable).parent / "bindep"} "$@"')
    done = checkout.run(1000)
    assert done.stderr.endswith("install them as root: no-such-package\n")
