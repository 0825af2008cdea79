# SPDX-License-Identifier: Apache-2.0
"""A process killed at any step: what the next start finds."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from libxl.hosts import left_behind, make_plan, open_driver
from libxl.rig.daemon import Daemon
from nova_xen.operations import delete, spawn
from nova_xen.operations.steps import Step

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


def _dying(module: Any, name: str) -> None:
    """Make ``module`` die by SIGKILL as soon as the step ``name`` is done."""
    whole = module.run_steps

    def run(server: str, action: str, steps: list[Step], mark: Any = None) -> None:
        def die() -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        cut = []
        for step in steps:
            cut.append(step)
            if step.name == name:
                cut.append(Step("die", die))
        whole(server, action, cut, mark)

    module.run_steps = run


def _in_child(uri: str, folder: Path, module: Any, step: str, work: str) -> None:
    """Do ``work`` in a process of its own, which is killed after ``step``."""
    child = os.fork()
    if child == 0:
        try:
            _dying(module, step)
            driver = open_driver(uri, folder)
            if work == "spawn":
                driver.spawn(make_plan(driver, folder))
            else:
                driver.destroy("web")
        finally:
            sys.stderr.write(f"the step {step} was never reached\n")
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("step", SPAWN)
def test_a_creation_killed_after(
    xen1: Daemon, connection: Any, tmp_path: Path, step: str
) -> None:
    _in_child(xen1.uri, tmp_path, spawn, step, "spawn")
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
    _in_child(xen1.uri, tmp_path, delete, step, "delete")
    driver = open_driver(xen1.uri, tmp_path)
    driver.init_host()
    assert left_behind(driver, connection, tmp_path) == []
