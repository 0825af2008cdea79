# SPDX-License-Identifier: Apache-2.0
"""Media of CD drives: which drive, when, and what goes into it."""

import dataclasses
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.domain import Disk, DiskDevice, DiskType
from nova_xen.model import GuestMode, Volume
from nova_xen.planning.attached import Documents
from nova_xen.planning.media import Drive, check_drive, check_medium, find_drive
from unit.planning.test_attached import FOLDER, disk, domain
from unit.planning.test_volumes import BLOCK, OWN, use

ISO = Volume(path="/srv/a.iso", real_path="/srv/a.iso", identity="file 1:9")


def cdrom(target: str = "hdc", source: str | None = "/srv/old.iso") -> Disk:
    made = disk(target, device=DiskDevice.CDROM, target_bus="ide", readonly=True)
    return dataclasses.replace(made, source_file=source)


CONFIG_DRIVE = cdrom("hdb", f"{FOLDER}/disk.config")


def test_the_config_drive_is_not_meant() -> None:
    documents = Documents(
        domain(disk("hda"), CONFIG_DRIVE, cdrom(source=None)),
        domain(disk("hda"), CONFIG_DRIVE, cdrom()),
    )
    found = find_drive("web", documents, FOLDER)
    assert found == Drive(cdrom(source=None), cdrom())
    assert find_drive("web", Documents(None, documents.config), FOLDER).live is None


@pytest.mark.parametrize("disks", [(), (disk("hda"),), (disk("hda"), CONFIG_DRIVE)])
def test_no_drive(disks: tuple[Disk, ...]) -> None:
    documents = Documents(domain(cdrom()), domain(*disks))
    with pytest.raises(exceptions.DeviceNotFound, match="has no CD drive whose medium"):
        find_drive("web", documents, FOLDER)


def test_a_drive_with_another_medium() -> None:
    drive = Drive(None, dataclasses.replace(cdrom(), type=DiskType.BLOCK))
    assert drive.holding("/srv/a.iso") == cdrom(source="/srv/a.iso")
    assert drive.holding(None) == cdrom(source=None)


FULL, EMPTY = cdrom(), cdrom(source=None)


@pytest.mark.parametrize(
    ("mode", "live", "medium", "words"),
    [
        (GuestMode.HVM, FULL, "/srv/a.iso", None),
        (GuestMode.HVM, FULL, None, None),
        (GuestMode.HVM, EMPTY, None, None),
        (GuestMode.HVM, EMPTY, "/srv/a.iso", "QEMU dies of a medium for a drive that"),
        (GuestMode.HVM, None, "/srv/a.iso", None),
        (GuestMode.PV, FULL, "/srv/a.iso", "libxl changes no medium of a pv guest"),
        (GuestMode.PV, FULL, None, "libxl changes no medium of a pv guest"),
        (GuestMode.PV, None, "/srv/a.iso", None),
        (GuestMode.PVH, FULL, None, "of a pvh guest that runs; stop it first"),
    ],
)
def test_when_a_medium_changes(
    mode: GuestMode, live: Disk | None, medium: str | None, words: str | None
) -> None:
    drive = Drive(live, FULL)
    if words is None:
        check_drive("web", mode, drive, medium)
        return
    with pytest.raises(exceptions.DeviceKept, match=words):
        check_drive("web", mode, drive, medium)


def check(volume: Volume, *uses: Any) -> None:
    check_medium("web", volume, uses, FOLDER, "/var/lib/nova/instances", "/real")


@pytest.mark.parametrize(
    "used",
    [
        {"readonly": True},
        {"below": True},
        {"readonly": True, "uuid": OWN},
        {"path": "/srv/b", "identity": "file 1:8"},
    ],
)
def test_a_medium_that_others_read(used: dict[str, Any]) -> None:
    check(ISO, use(ISO, **used))


@pytest.mark.parametrize("used", [{}, {"uuid": OWN}, {"path": "/srv/link"}])
def test_a_medium_that_somebody_writes_to(used: dict[str, Any]) -> None:
    with pytest.raises(exceptions.VolumeRefused, match="and can write to it"):
        check(ISO, use(ISO, **used))


def at(path: str) -> Volume:
    return dataclasses.replace(ISO, path=path, real_path=path)


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (BLOCK, "it is a block device; give the file"),
        (at("/srv/a,b.iso"), "a comma"),
        (at("/var/lib/nova/instances/two/disk.iso"), "it lies in"),
        (at(f"{FOLDER}/disk"), "it lies in"),
        (at("/real/x.iso"), "it lies in"),
    ],
)
def test_what_is_no_medium(volume: Volume, words: str) -> None:
    with pytest.raises(exceptions.VolumeRefused, match=words):
        check(volume)


def test_the_servers_own_image_comes_back() -> None:
    check(at(f"{FOLDER}/disk.iso"))
