# SPDX-License-Identifier: Apache-2.0
"""Disks that only an appliance can make here, made by one and kept."""

from __future__ import annotations

from pathlib import Path

from lab import cache
from lab.settings import cache_dir

from appliance import disks
from appliance.disks import file_system, run, small_system
from appliance.servers import guestfish

#: where the volume begins: behind the first MiB of the partition, which is LVM's own
VOLUME = 2 * disks.MIB
_SUBVOLUME = {"/etc/fstab": "/dev/sda / btrfs subvol=root 0 0\n"}


def copied(name: str, target: Path) -> Path:
    """A copy of the disk ``lvm``, or of ``subvolume``."""
    sources = [Path(__file__).read_bytes(), Path(disks.__file__).read_bytes()]
    folder = cache_dir() / "appliance-disks"
    made = cache.built(folder, cache.key_of(*sources), "disks of the tests", _make)
    run("cp", "--sparse=always", made / name, target)
    return target


def _make(folder: Path) -> None:
    """A system in a volume of LVM, and one in a subvolume of btrfs as Fedora has it."""
    lvm, subvolume = folder / "lvm", folder / "subvolume"
    part, archive = folder / "part", folder / "archive"
    run("truncate", "-s", "64M", lvm)
    run("truncate", "-s", "260M", subvolume)
    (folder / "one").mkdir()
    (folder / "two").mkdir()
    file_system("ext4", part, small_system(folder / "one"))
    root = small_system(folder / "two", files=_SUBVOLUME)
    run("tar", "-C", root, "-cf", archive, ".")
    guestfish(
        [lvm, subvolume],
        "run : part-init /dev/sda mbr : part-add /dev/sda p 2048 -1 : "
        "pvcreate /dev/sda1 : vgcreate vg /dev/sda1 : lvcreate root vg 32 : "
        f"upload {part} /dev/vg/root : mkfs btrfs /dev/sdb : mount /dev/sdb / : "
        f"btrfs-subvolume-create /root : tar-in {archive} /root",
    )
