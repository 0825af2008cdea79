# SPDX-License-Identifier: Apache-2.0
"""Appliances that die, hang or never start; disks that cannot be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import processes
from appliance.disks import Ext4, file_system, partitioned, run, small_system
from appliance.servers import FILE, WHOLE, guestfish, write
from nova_xen import exceptions
from nova_xen.injection.guest import inject, supervise
from nova_xen.injection.guest.supervise import Outcome
from nova_xen.model import GuestSetup, InjectedFile

STEPS = (
    "starting its appliance",
    "looking for the file system",
    "looking at the guest",
    "writing /etc/motd",
    "closing the disk",
)


def _emulator(disk: Path) -> int:
    processes.until(lambda: processes.emulators(disk))
    return processes.emulators(disk)[0]


def _at_step(monkeypatch: pytest.MonkeyPatch, step: str, disk: Path, what: int) -> None:
    """Send the emulator a signal as soon as the worker begins a step."""
    whole = supervise.supervise

    def supervised(request: object, *, timeout: float, heard: object) -> Outcome:
        def hear(doing: str) -> None:
            if doing == step:
                os.kill(_emulator(disk), what)

        return whole(request, timeout=timeout, heard=hear)  # type: ignore[arg-type]

    monkeypatch.setattr(inject, "supervise", supervised)


@pytest.mark.parametrize("step", STEPS)
def test_an_appliance_killed_while(
    disk: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    _at_step(monkeypatch, step, disk, signal.SIGKILL)
    with pytest.raises(exceptions.InjectionFailed) as caught:
        write(disk, FILE)
    assert caught.value.details
    assert "\n" not in str(caught.value)
    assert processes.emulators(disk) == []


@pytest.mark.parametrize(
    ("step", "patience"),
    # the later one is not reached before the appliance is up, and takes long enough
    [(STEPS[0], 3), ("looking for the file system", 75)],
)
def test_an_appliance_that_hangs_is_ended(
    disk: Path, monkeypatch: pytest.MonkeyPatch, step: str, patience: int
) -> None:
    _at_step(monkeypatch, step, disk, signal.SIGSTOP)
    with pytest.raises(exceptions.InjectionTimeout) as caught:
        write(disk, FILE, timeout=patience)
    assert f"within {patience} seconds while {step}" in str(caught.value)
    assert processes.emulators(disk) == []


def test_a_worker_that_hangs_with_its_guardian_is_ended(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "_PATIENCE", 1.0)

    def stop(_what: str, part: float) -> None:
        for number in processes.workers(tmp_path):
            os.kill(number, signal.SIGSTOP)

    with pytest.raises(exceptions.InjectionTimeout):
        write(disk, FILE, timeout=2, progress=stop)
    processes.until(lambda: not processes.workers(tmp_path), seconds=10)


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
    path = os.pathsep.join(each for each in sys.path if each)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(disk)],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )
    before = processes.sockets()
    _emulator(disk)
    family = _family(parent.pid)
    os.kill(family[("parent", "guardian", "worker").index(first)], signal.SIGKILL)
    processes.until(lambda: not processes.emulators(disk), seconds=5)
    processes.until(lambda: not processes.workers(tmp_path), seconds=5)
    assert parent.wait(20) != 0
    processes.until(lambda: processes.sockets() <= before, seconds=5)


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


def test_a_disk_that_is_full(tmp_path: Path, instance: Path, system: Path) -> None:
    part = file_system("ext4", tmp_path / "part", system, mib=8)
    disk = partitioned(instance / "disk", [part])
    big = InjectedFile(path="/srv/big", content=os.urandom(9 * 1024**2))
    with pytest.raises(exceptions.InjectionRefused, match="no space left for /srv/big"):
        write(disk, GuestSetup(files=(big,)))


@pytest.mark.parametrize("how", ["clri <2>", "feature read-only"])
def test_a_file_system_that_cannot_be_written(
    tmp_path: Path, instance: Path, system: Path, how: str
) -> None:
    part = file_system("ext4", tmp_path / "part", system)
    run("debugfs", "-w", "-R", how, part)
    disk = partitioned(instance / "disk", [part])
    with pytest.raises(
        (exceptions.InjectionRefused, exceptions.InjectionFailed)
    ) as caught:
        write(disk, FILE)
    assert "/dev/sda1" in str(caught.value) or "Read-only" in str(caught.value)
    assert caught.value.details


def test_a_journal_to_be_replayed(tmp_path: Path, instance: Path, system: Path) -> None:
    part = file_system("ext4", tmp_path / "part", system)
    run("debugfs", "-w", "-R", "feature needs_recovery", part)
    disk = partitioned(instance / "disk", [part])
    write(disk, FILE)
    Ext4(disk).check()
    assert Ext4(disk).read("/etc/motd") == "hello\n"


def test_a_partition_that_is_not_there(disk: Path) -> None:
    with pytest.raises(exceptions.InjectionRefused) as caught:
        write(disk, FILE, partition=7)
    assert "no partition 7; its partitions are 1" in str(caught.value)


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


@pytest.mark.parametrize("partition", [-1, 1])
def test_the_system_is_in_lvm(
    tmp_path: Path, instance: Path, system: Path, partition: int
) -> None:
    disk = instance / "disk"
    part = file_system("ext4", tmp_path / "part", system)
    run("truncate", "-s", "64M", disk)
    commands = (
        "run : part-init /dev/sda mbr : part-add /dev/sda p 2048 -1 : "
        "pvcreate /dev/sda1 : vgcreate vg /dev/sda1 : lvcreate root vg 32 : "
        f"upload {part} /dev/vg/root"
    )
    guestfish(disk, commands)
    write(disk, WHOLE, partition=partition)
    # the volume begins behind the first MiB of the partition, LVM's own
    guest = Ext4(disk, offset=2 * 1024**2)
    assert guest.read("/etc/motd") == "hello\n"
    assert guest.read("/etc/hostname") == "web1\n"
    guest.check()
