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

import nova_xen
from libxl.hosts import left_behind, make_plan, open_driver
from libxl.rig.daemon import Daemon
from nova_xen import exceptions
from nova_xen.model import PowerState, VolumeRequest

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
#: and what the server is then
RESUME = {
    "give its saved memory a second name": PowerState.SUSPENDED,
    "restore it": PowerState.PAUSED,
    "let go of its saved memory": PowerState.PAUSED,
    "let it go on": PowerState.RUNNING,
}
DELETE = ("mark it for removal", "switch it off", "undefine it", "remove its log")


def _in_child(uri: str, folder: Path, step: str, work: str, saves: str = "") -> None:
    """Do ``work`` in a process of its own, which is killed after ``step``."""
    tests = Path(__file__).parents[1]
    source = Path(nova_xen.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "libxl.killed", uri, str(folder), work, step, saves],
        env={"PYTHONPATH": f"{tests}:{source}", "PATH": os.environ["PATH"]},
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


def test_a_volume_whose_giver_is_killed(
    xen1: Daemon, connection: Any, tmp_path: Path
) -> None:
    """It has it, and that is told; nobody else is kept from changing devices."""
    driver = open_driver(xen1.uri, tmp_path)
    driver.spawn(make_plan(driver, tmp_path))
    driver.cleanup_host()
    volume = tmp_path / "volume.raw"
    volume.write_bytes(bytes(1024**2))
    _in_child(xen1.uri, tmp_path, "plug it in", "attach")
    driver = open_driver(xen1.uri, tmp_path)
    with pytest.raises(exceptions.VolumeRefused, match="it has it already, as xvdb"):
        driver.attach_volume("web", VolumeRequest(path=str(volume)))
    driver.detach_volume("web", str(volume))
    driver.destroy("web")
    assert left_behind(driver, connection, tmp_path) == []


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


@pytest.mark.parametrize("step", RESUME)
def test_a_resume_killed_after(
    xen1: Daemon, connection: Any, tmp_path: Path, step: str
) -> None:
    saves = str(xen1.save_folder)
    driver = open_driver(xen1.uri, tmp_path, save_folder=saves)
    driver.spawn(make_plan(driver, tmp_path))
    driver.suspend("web")
    driver.cleanup_host()
    _in_child(xen1.uri, tmp_path, step, "resume", saves)
    driver = open_driver(xen1.uri, tmp_path, save_folder=saves)
    left = driver.get_info("web").state
    assert left is RESUME[step]
    match left:
        case PowerState.SUSPENDED:
            driver.resume("web")
        case PowerState.PAUSED:
            driver.unpause("web")
    assert driver.get_info("web").state is PowerState.RUNNING
    assert list(xen1.save_folder.iterdir()) == []
