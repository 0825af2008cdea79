# SPDX-License-Identifier: Apache-2.0
"""File systems of every kind and state, side by side on a disk and for one appliance.

Whatever happens to one of them, the next request finds the appliance as it should be.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.disks import MIB, START, Ext4, file_system, partitioned, run
from appliance.servers import FILE, KEY, WHOLE, write
from appliance.shared import Shared
from nova_xen import exceptions
from nova_xen.model import GuestSetup, InjectedFile

#: the partitions in their order, each with what debugfs does to it
DAMAGES = {
    "xfs": "",
    "btrfs": "",
    "vfat": "",
    "small": "",
    "no-root": "clri <2>",
    "read-only": "feature read-only",
    "journal": "feature needs_recovery",
    "name": "symlink srv /\udcff\udcfe",
}
NAMES = tuple(DAMAGES)
SIZES_MIB = {"xfs": 300, "btrfs": 128, "small": 8}


class SideBySide(Shared):
    """The appliance, and where on its disk each file system is."""

    def __init__(self, folder: Path, system: Path) -> None:
        self._folder = folder
        self._parts = [self._made(name, system) for name in NAMES]
        super().__init__(partitioned(folder / "disk", self._parts, label="gpt"))

    def _made(self, name: str, system: Path) -> Path:
        kind = name if name in ("xfs", "btrfs", "vfat") else "ext4"
        source = system
        if kind == "vfat":  # which has no owners to copy
            source = self._folder / "fat"
            (source / "etc").mkdir(parents=True)
        mib = SIZES_MIB.get(name, 24)
        part = file_system(kind, self._folder / name, source, mib=mib)
        if DAMAGES[name]:
            run("debugfs", "-w", "-R", DAMAGES[name], part)
        return part

    def number(self, name: str) -> int:
        """The partition of a file system."""
        return NAMES.index(name) + 1

    def offset(self, name: str) -> int:
        """Where it begins, in bytes."""
        before = self._parts[: NAMES.index(name)]
        return START + sum(part.stat().st_size for part in before)

    def write(self, setup: GuestSetup, name: str) -> None:
        """Inject into one of them."""
        write(self.disk, setup, partition=self.number(name))

    def copy(self, name: str, target: Path) -> Path:
        """What is there now, alone in a file."""
        size = self._parts[NAMES.index(name)].stat().st_size // MIB
        skip = f"skip={self.offset(name) // MIB}"
        how = ("bs=1M", f"count={size}", "conv=sparse", "status=none")
        run("dd", f"if={self.disk}", f"of={target}", skip, *how)
        return target


@pytest.fixture(scope="module")
def _started(
    tmp_path_factory: pytest.TempPathFactory, module_system: Path
) -> Iterator[SideBySide]:
    made = SideBySide(tmp_path_factory.mktemp("side-by-side"), module_system)
    yield made
    made.stop()


@pytest.fixture
def disk(_started: SideBySide, monkeypatch: pytest.MonkeyPatch) -> SideBySide:
    """The disk, to which requests go through the one appliance."""
    _started.lend(monkeypatch)
    return _started


def test_btrfs(tmp_path: Path, disk: SideBySide) -> None:
    disk.write(WHOLE, "btrfs")

    copy, out = disk.copy("btrfs", tmp_path / "copy"), tmp_path / "out"
    out.mkdir()
    run("btrfs", "restore", "-m", copy, out)
    assert (out / "etc/motd").read_text() == "hello\n"
    assert (out / "root/.ssh/authorized_keys").read_text() == f"{KEY}\n"
    assert (out / "root/.ssh").stat().st_mode & 0o777 == 0o700
    assert (out / "etc/shadow").stat().st_mode & 0o777 == 0o640
    run("btrfs", "check", copy)


def test_xfs(tmp_path: Path, disk: SideBySide) -> None:
    disk.write(WHOLE, "xfs")

    copy = disk.copy("xfs", tmp_path / "copy")
    run("xfs_repair", "-n", copy)
    found = run("xfs_db", "-r", "-c", "path /etc/motd", "-c", "print core", copy)
    assert "core.size = 6" in found
    keys = ("-c", "path /root/.ssh/authorized_keys", "-c", "print core.mode core.uid")
    assert "core.mode = 0100600" in run("xfs_db", "-r", *keys, copy)


def test_vfat_has_files_and_no_owners(disk: SideBySide) -> None:
    disk.write(FILE, "vfat")
    image = f"{disk.disk}@@{disk.offset('vfat')}"
    assert run("mtype", "-i", image, "::/etc/motd") == "hello\n"


def test_a_disk_that_is_full(disk: SideBySide) -> None:
    big = InjectedFile(path="/srv/big", content=os.urandom(9 * MIB))
    with pytest.raises(exceptions.InjectionRefused, match="no space left for /srv/big"):
        disk.write(GuestSetup(files=(big,)), "small")


@pytest.mark.parametrize("name", ["no-root", "read-only"])
def test_a_file_system_that_cannot_be_written(disk: SideBySide, name: str) -> None:
    with pytest.raises(
        (exceptions.InjectionRefused, exceptions.InjectionFailed)
    ) as caught:
        disk.write(FILE, name)
    device = f"/dev/sda{disk.number(name)}"
    assert device in str(caught.value) or "Read-only" in str(caught.value)
    assert caught.value.details


def test_a_journal_to_be_replayed(disk: SideBySide) -> None:
    disk.write(FILE, "journal")
    guest = Ext4(disk.disk, disk.offset("journal"))
    guest.check()
    assert guest.read("/etc/motd") == "hello\n"


def test_a_name_that_is_no_text(disk: SideBySide) -> None:
    setup = GuestSetup(files=(InjectedFile(path="/srv/x", content=b"x"),))
    with pytest.raises(exceptions.InjectionRefused, match=r"no UTF-8"):
        disk.write(setup, "name")


def test_a_partition_that_is_not_there(disk: SideBySide) -> None:
    with pytest.raises(exceptions.InjectionRefused) as caught:
        write(disk.disk, FILE, partition=17)
    numbers = ", ".join(str(disk.number(name)) for name in NAMES)
    assert f"no partition 17; its partitions are {numbers}" in str(caught.value)


def test_all_is_there_when_the_appliance_has_ended(disk: SideBySide) -> None:
    disk.write(FILE, "journal")
    disk.stop()
    guest = Ext4(disk.disk, disk.offset("journal"))
    assert guest.read("/etc/motd") == "hello\n"
    guest.check()
    untouched = Ext4(disk.disk, disk.offset("name"))
    assert untouched.names("/etc") >= {"shadow", "hosts"}
    assert "motd" not in untouched.names("/etc")
    untouched.check()
