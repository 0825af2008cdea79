# SPDX-License-Identifier: Apache-2.0
"""Appliances that die, hang or never start; disks that cannot be written."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance import held, processes
from appliance.disks import Ext4, file_system, partitioned, small_system
from appliance.servers import FILE, OPTIONS, WHOLE, write
from nova_xen import exceptions
from nova_xen.injection.guest import supervise

STEPS = (
    held.STARTING,
    "looking for the file system",
    "looking at the guest",
    "writing /etc/motd",
    "closing the disk",
)


def _emulator(disk: Path) -> int:
    """The appliance may have to be built first."""
    processes.until(lambda: processes.emulators(disk), seconds=300)
    return processes.emulators(disk)[0]


@pytest.mark.parametrize("step", STEPS)
def test_an_appliance_killed_while(
    disk: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def kill() -> None:
        os.kill(_emulator(disk), signal.SIGKILL)
        processes.until(lambda: not processes.emulators(disk))

    held.hold(monkeypatch, step, kill)
    with pytest.raises(exceptions.InjectionFailed) as caught:
        write(disk, FILE)
    assert caught.value.details
    assert "\n" not in str(caught.value)
    assert processes.emulators(disk) == []


def test_an_appliance_that_hangs_while_it_starts_is_ended(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = functools.partial(_stop, disk)
    held.hold(monkeypatch, held.STARTING, stop)
    with pytest.raises(exceptions.InjectionTimeout) as caught:
        write(disk, FILE, timeout=3)
    assert f"within 3 seconds while {held.STARTING}" in str(caught.value)
    assert processes.emulators(disk) == []


class Clock:
    """The supervisor's, which a test puts forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def test_an_appliance_that_hangs_later_is_ended(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No patience is right for every machine: it is over once the emulator stands."""
    clock = Clock()

    def stop() -> None:
        _stop(disk)
        clock.ahead = OPTIONS.timeout

    held.hold(monkeypatch, "looking for the file system", stop)
    monkeypatch.setattr(supervise, "time", clock)
    with pytest.raises(exceptions.InjectionTimeout) as caught:
        write(disk, FILE)
    words = f"within {OPTIONS.timeout} seconds while looking for the file system"
    assert words in str(caught.value)
    assert processes.emulators(disk) == []


def _stop(disk: Path) -> None:
    number = _emulator(disk)
    os.kill(number, signal.SIGSTOP)
    processes.until(lambda: processes.state(number) == "T")


def test_a_worker_that_hangs_with_its_guardian_is_ended(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "_PATIENCE", 1.0)

    def stop(_what: str, part: float) -> None:
        for number in processes.workers(tmp_path):
            os.kill(number, signal.SIGSTOP)

    with pytest.raises(exceptions.InjectionTimeout):
        write(disk, FILE, timeout=2, progress=stop)
    processes.until(lambda: not processes.workers(tmp_path))


def test_an_interrupt_ends_it_all(disk: Path) -> None:
    def interrupt(_what: str, part: float) -> None:
        if processes.workers(disk.parent):
            _emulator(disk)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(disk, FILE, progress=interrupt)
    assert processes.emulators(disk) == []


PARENT = """
import sys
from pathlib import Path
from appliance.servers import FILE, write
write(Path(sys.argv[1]), FILE)
"""


@pytest.mark.parametrize("first", ["parent", "guardian", "worker"])
def test_nothing_outlives_a_killed(disk: Path, tmp_path: Path, first: str) -> None:
    """The parent's folder is there still: it goes with the instance's."""
    before = processes.sockets()
    parent = _parent(disk)
    _emulator(disk)
    family = _family(parent.pid)
    os.kill(family[("parent", "guardian", "worker").index(first)], signal.SIGKILL)
    processes.until(lambda: not processes.emulators(disk))
    processes.until(lambda: not processes.workers(tmp_path))
    assert parent.wait(60) != 0
    processes.until(lambda: processes.sockets() <= before)


def test_its_sockets_are_noted_while_it_lives(disk: Path, tmp_path: Path) -> None:
    """A worker and its emulator that end in the same moment tell nobody."""
    before = processes.sockets()
    parent = _parent(disk)
    emulator = _emulator(disk)
    _first, guardian, worker = _family(parent.pid)
    processes.until(lambda: list(tmp_path.rglob("sockets")))
    os.kill(guardian, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    os.kill(emulator, signal.SIGKILL)
    processes.until(lambda: not processes.emulators(disk))
    os.kill(guardian, signal.SIGCONT)
    assert parent.wait(60) != 0
    processes.until(lambda: processes.sockets() <= before)


def _parent(disk: Path) -> subprocess.Popen[bytes]:
    """A process that writes a file into the disk."""
    path = os.pathsep.join(each for each in sys.path if each)
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(disk)],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )


def _family(parent: int) -> list[int]:
    """The parent, its child and its child's child."""
    found = [parent]
    for _ in range(2):
        children = Path(f"/proc/{found[-1]}/task/{found[-1]}/children").read_text()
        found.append(int(children.split()[0]))
    return found


def test_no_kernel(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERMIN_KERNEL", str(tmp_path / "vmlinuz"))
    monkeypatch.setenv("SUPERMIN_MODULES", str(tmp_path))
    with pytest.raises(exceptions.InjectionUnavailable) as caught:
        write(disk, FILE, cache_dir=str(tmp_path / "cache"))
    assert "there is no kernel for libguestfs's appliance" in str(caught.value)
    assert any(
        "failed to find a suitable kernel" in each for each in caught.value.details
    )


@pytest.mark.parametrize(
    ("mib", "words"),
    [(128, "must be at least 256"), (99_999_999, "MiB are free")],
)
def test_memory(disk: Path, mib: int, words: str) -> None:
    with pytest.raises(exceptions.InjectionUnavailable, match=words):
        write(disk, FILE, memory_mib=mib)


def test_a_small_dom0_has_256_mib_for_it(disk: Path) -> None:
    write(disk, FILE, memory_mib=256)
    assert Ext4(disk).read("/etc/motd") == "hello\n"


def test_two_systems_are_named_and_neither_is_written(
    tmp_path: Path, instance: Path, system: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    small_system(other, files={"/etc/os-release": 'ID=ubuntu\nVERSION_ID="22"\n'})
    parts = [
        file_system("ext4", tmp_path / "one", system),
        file_system("ext4", tmp_path / "two", other),
    ]
    disk = partitioned(instance / "disk", parts)
    with pytest.raises(exceptions.InjectionRefused) as caught:
        write(disk, WHOLE, partition=-1)
    assert "2 systems" in str(caught.value)
    assert "/dev/sda1" in str(caught.value)
    assert "/dev/sda2" in str(caught.value)
    assert Ext4(disk).read("/etc/hostname") == "old\n"
