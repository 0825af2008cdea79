# SPDX-License-Identifier: Apache-2.0
"""The process that migrates killed at each write of a journal, and what is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from libxl.migrating import Between
from libxl.rig.daemon import Daemon
from libxl.test_migration import (  # noqa: F401 (fixtures)
    NAME,
    homes,
    left_behind,
    places,
    there,
)
from nova_xen.model import MigrationState

CHILD_SECONDS = 120
#: both hosts' journals of an undisturbed migration whose stop nobody sees
WRITES = 7


def migrate_until(folder: Path, first: Daemon, second: Daemon, write: int) -> int:
    """Migrate in a process of its own; its exit code."""
    hosts = [
        word
        for daemon in (first, second)
        for word in (daemon.uri, daemon.tcp_uri, str(daemon.pid))
    ]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "libxl.killed_migration",
            str(folder),
            *hosts,
            str(write),
        ],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_killed_at(
    there: Between,  # noqa: F811 (a fixture)
    xen1: Daemon,
    xen2: Daemon,
    tmp_path: Path,
    write: int,
) -> None:
    code = migrate_until(tmp_path, xen1, xen2, write)
    assert code == -signal.SIGKILL
    assert left_behind(there) != []
    plans = there.recover() + Between(there.there, there.here).recover()
    assert {plan.state for plan in plans} <= {
        MigrationState.DONE,
        MigrationState.FAILED,
    }
    assert len(homes(there)) == 1
    assert left_behind(there) == []
    home = [there.here, there.there][homes(there)[0]]
    assert NAME in [domain.name for domain in home.toolstack.domains()]


def test_that_is_all(
    there: Between,  # noqa: F811 (a fixture)
    xen1: Daemon,
    xen2: Daemon,
    tmp_path: Path,
) -> None:
    """One more write than there are leaves the migration whole."""
    assert migrate_until(tmp_path, xen1, xen2, WRITES + 1) == 0
    assert homes(there) == [1]
    assert left_behind(there) == []
