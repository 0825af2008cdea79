# SPDX-License-Identifier: Apache-2.0
"""Memory on disk, over libvirt's own libxl driver: what it removes and leaves."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libxl.hosts import left_behind, make_plan, open_driver
from libxl.rig.daemon import Daemon
from libxl.rig.toolstack import SimulatedToolstack
from nova_xen import exceptions
from nova_xen.driver import LibvirtDriver
from nova_xen.model import MIB, PowerState

SECONDS = 60


@pytest.fixture
def toolstack(xen1: Daemon) -> SimulatedToolstack:
    return SimulatedToolstack(xen1.xen, xen1.folder)


@pytest.fixture
def opened(
    xen1: Daemon, tmp_path: Path, toolstack: SimulatedToolstack
) -> Iterator[Callable[[], LibvirtDriver]]:
    """Makes drivers as of several processes of the host."""
    drivers = []

    def open_() -> LibvirtDriver:
        saves = str(xen1.save_folder)
        made = open_driver(xen1.uri, tmp_path, save_folder=saves, toolstack=toolstack)
        drivers.append(made)
        return made

    yield open_
    for driver in drivers:
        driver.cleanup_host()


@pytest.fixture
def driver(opened: Callable[[], LibvirtDriver], tmp_path: Path) -> LibvirtDriver:
    """With the running server "web"."""
    made = opened()
    made.spawn(make_plan(made, tmp_path))
    return made


def saved(xen: Daemon) -> list[str]:
    return sorted(os.listdir(xen.save_folder))


def state(driver: LibvirtDriver) -> PowerState:
    return driver.get_info("web").state


def cut(xen: Daemon) -> bytes:
    """Damage the memory; gives it whole."""
    file = xen.save_folder / "web.save"
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    return whole


def test_there_and_back(driver: LibvirtDriver, xen1: Daemon) -> None:
    before = driver.get_info("web").domid
    driver.suspend("web")
    assert (state(driver), saved(xen1)) == (PowerState.SUSPENDED, ["web.save"])
    xen1.restart()
    assert state(driver) is PowerState.SUSPENDED
    driver.resume("web")
    assert (state(driver), saved(xen1)) == (PowerState.RUNNING, [])
    assert driver.get_info("web").domid not in (None, before)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_restore_that_fails_loses_nothing(
    driver: LibvirtDriver, xen1: Daemon, restarted: bool
) -> None:
    driver.suspend("web")
    whole = cut(xen1)
    with pytest.raises(exceptions.StepFailed, match="saved memory is there as before"):
        driver.resume("web")
    assert (state(driver), saved(xen1)) == (PowerState.SUSPENDED, ["web.save"])
    if restarted:
        xen1.restart()
    (xen1.save_folder / "web.save").write_bytes(whole)
    driver.power_on("web")
    assert (state(driver), saved(xen1)) == (PowerState.RUNNING, [])


def test_what_is_no_saved_memory_is_told(driver: LibvirtDriver, xen1: Daemon) -> None:
    driver.suspend("web")
    (xen1.save_folder / "web.save").write_bytes(b"garbage" * 100)
    with pytest.raises(exceptions.StepFailed, match="image magic is incorrect"):
        driver.resume("web")
    assert (state(driver), saved(xen1)) == (PowerState.SUSPENDED, ["web.save"])


def test_memory_is_thrown_away_when_asked(
    driver: LibvirtDriver, connection: Any, xen1: Daemon
) -> None:
    driver.suspend("web")
    cut(xen1)
    driver.power_on("web", discard_memory=True)
    assert (state(driver), saved(xen1)) == (PowerState.RUNNING, [])
    assert connection.lookupByName("web").hasManagedSaveImage() == 0


def test_a_save_that_fails_lets_the_guest_go_on(
    driver: LibvirtDriver, xen1: Daemon, toolstack: SimulatedToolstack
) -> None:
    xen1.xen.fail("copy", "web")
    with pytest.raises(exceptions.StepFailed, match=r"It runs on\."):
        driver.suspend("web")
    assert (state(driver), saved(xen1)) == (PowerState.RUNNING, [])
    [domain] = toolstack.domains()
    assert not domain.suspended
    driver.suspend("web")
    driver.resume("web")


@pytest.mark.parametrize("action", ["resume", "unpause"])
def test_a_libvirtd_that_dies_while_it_saves(
    driver: LibvirtDriver, xen1: Daemon, toolstack: SimulatedToolstack, action: str
) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        with xen1.xen.holding("copy", "web"):
            saving = thread.submit(driver.suspend, "web")
            xen1.xen.wait_held("copy")
            xen1.kill()
        with pytest.raises(exceptions.NovaXenError):
            saving.result(SECONDS)
    xen1.start()
    [domain] = toolstack.domains()
    assert domain.suspended
    assert (state(driver), saved(xen1)) == (PowerState.PAUSED, ["web.save"])
    getattr(driver, action)("web")
    [domain] = toolstack.domains()
    assert not domain.suspended
    assert (state(driver), saved(xen1)) == (PowerState.RUNNING, [])


def test_while_it_is_saved_nothing_else_is_done_to_it(
    driver: LibvirtDriver, opened: Callable[[], LibvirtDriver], xen1: Daemon
) -> None:
    other = opened()
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        with xen1.xen.holding("copy", "web"):
            saving = thread.submit(driver.suspend, "web")
            xen1.xen.wait_held("copy")
            for refused in (other.suspend, other.resume, other.destroy):
                with pytest.raises(exceptions.ServerBusy, match="another command"):
                    refused("web")
            assert saved(xen1) == ["web.save"]
        saving.result(SECONDS)
    assert state(other) is PowerState.SUSPENDED


@pytest.mark.parametrize("suspended", [False, True])
def test_two_starts_at_once(
    driver: LibvirtDriver,
    opened: Callable[[], LibvirtDriver],
    xen1: Daemon,
    suspended: bool,
) -> None:
    """One starts it, the other is told in a sentence, and what runs is not ended."""
    if suspended:
        driver.suspend("web")
    else:
        driver.power_off("web", 0)
    drivers = [opened(), opened()]
    ready = threading.Barrier(len(drivers))

    def start(one: LibvirtDriver) -> str:
        ready.wait(SECONDS)
        try:
            one.power_on("web")
        except exceptions.NovaXenError as refusal:
            return str(refusal)
        return ""

    with concurrent.futures.ThreadPoolExecutor(len(drivers)) as threads:
        told = sorted(threads.map(start, drivers, timeout=SECONDS))
    assert told[0] == ""
    assert told[1].startswith("Server web cannot be started ")
    assert (state(driver), saved(xen1)) == (PowerState.RUNNING, [])


@pytest.mark.parametrize("crash", [False, True])
def test_a_dump(driver: LibvirtDriver, tmp_path: Path, crash: bool) -> None:
    made = driver.trigger_crash_dump("web", str(tmp_path / "core"), crash=crash)
    assert made.size == 64 * MIB
    assert (tmp_path / "core").stat().st_mode & 0o777 == 0o600
    assert state(driver) is (PowerState.CRASHED if crash else PowerState.RUNNING)


@pytest.mark.parametrize("crash", [False, True])
def test_a_dump_that_fails(
    driver: LibvirtDriver, xen1: Daemon, tmp_path: Path, crash: bool
) -> None:
    xen1.xen.fail("dump", "web")
    with pytest.raises(exceptions.StepFailed, match="Failed to dump core of domain"):
        driver.trigger_crash_dump("web", str(tmp_path / "core"), crash=crash)
    assert not list(tmp_path.glob("core*"))
    assert state(driver) is PowerState.RUNNING


def test_a_crash_is_told(driver: LibvirtDriver, xen1: Daemon) -> None:
    xen1.xen.crash("web")
    for _ in range(SECONDS * 10):
        if state(driver) is PowerState.CRASHED:
            break
        threading.Event().wait(0.1)
    assert state(driver) is PowerState.CRASHED
    driver.power_on("web")
    assert state(driver) is PowerState.RUNNING


def test_a_suspended_server_is_deleted(
    driver: LibvirtDriver, connection: Any, xen1: Daemon, tmp_path: Path
) -> None:
    driver.suspend("web")
    cut(xen1)
    with pytest.raises(exceptions.StepFailed):
        driver.resume("web")
    driver.destroy("web")
    assert left_behind(driver, connection, tmp_path) == []
    assert saved(xen1) == []
