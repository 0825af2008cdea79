# SPDX-License-Identifier: Apache-2.0
"""A process killed at any step: what the next start finds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from libxl.hosts import left_behind, make_plan, open_driver
from libxl.rig.daemon import Daemon

CHILD_SECONDS = 120
SPAWN = (
    "make its folder",
    "copy its kernel",
    "make disk",
    "check its files",
    "make its log",
    "define it in libvirt",
    "start it",
)
DELETE = ("mark it for removal", "switch it off", "undefine it", "remove its log")


def _in_child(uri: str, folder: Path, step: str, work: str) -> None:
    """Do ``work`` in a process of its own, which is killed after ``step``."""
    tests = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "libxl.killed", uri, str(folder), work, step],
        env={"PYTHONPATH": str(tests), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("step", SPAWN)
def test_a_creation_killed_after(
    xen1: Daemon, connection: Any, tmp_path: Path, step: str
) -> None:
    _in_child(xen1.uri, tmp_path, step, "spawn")
    driver = open_driver(xen1.uri, tmp_path)
    assert left_behind(driver, connection, tmp_path) != []
    assert len(driver.init_host()) == 1
    assert left_behind(driver, connection, tmp_path) == []
    driver.spawn(make_plan(driver, tmp_path))


@pytest.mark.parametrize("step", DELETE)
def test_a_deletion_killed_after(
    xen1: Daemon, connection: Any, tmp_path: Path, step: str
) -> None:
    driver = open_driver(xen1.uri, tmp_path)
    driver.spawn(make_plan(driver, tmp_path))
    driver.cleanup_host()
    _in_child(xen1.uri, tmp_path, step, "delete")
    driver = open_driver(xen1.uri, tmp_path)
    driver.init_host()
    assert left_behind(driver, connection, tmp_path) == []
