# SPDX-License-Identifier: Apache-2.0
"""Which file systems are the guest's."""

from __future__ import annotations

import pytest

from nova_xen.injection.guest.partitions import Mount, find_mounts, mount, mount_of
from nova_xen.injection.guest.problems import Failed, Refused
from unit.injection.guest.fake_guest import FakeGuest

EXT4 = {"/dev/sda1": "ext4"}


class FakeDisk(FakeGuest):
    """A disk as the appliance sees it, and the tree on it."""

    def __init__(
        self,
        kinds: dict[str, str],
        *,
        roots: tuple[str, ...] | None = (),
        points: dict[str, str] | None = None,
        volumes: tuple[str, ...] = (),
        parts: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.kinds = kinds
        self.roots = roots
        self.points = points or {}
        self.volumes = volumes
        self.parts = parts or tuple(d for d in kinds if d[-1].isdecimal())
        self.mounted: list[tuple[str, str, str]] = []

    def inspect_os(self) -> list[str]:
        if self.roots is None:
            raise RuntimeError("inspect_os: it is broken\nmore of it")
        return list(self.roots)

    def inspect_get_mountpoints(self, root: str) -> dict[str, str]:
        return self.points

    def inspect_get_product_name(self, root: str) -> str:
        if root.endswith("2"):
            raise RuntimeError("inspect_get_product_name: no")
        return "Debian 12"

    def list_partitions(self) -> list[str]:
        return list(self.parts)

    def lvs(self) -> list[str]:
        return list(self.volumes)

    def vfs_type(self, mountable: str) -> str:
        if mountable not in self.kinds:
            raise RuntimeError(f"vfs_type: {mountable}: No such file or directory")
        return self.kinds[mountable]

    def mount_options(self, options: str, mountable: str, mountpoint: str) -> None:
        if self.kinds.get(mountable) == "broken":
            raise RuntimeError("mount_options: mount exited with status 32: bad.")
        self.mounted.append((options, mountable, mountpoint))


LVM = {"/dev/sda1": "LVM2_member", "/dev/vg/root": "xfs"}


@pytest.mark.parametrize(
    ("disk", "partition", "found"),
    [
        (FakeDisk(EXT4), 1, [Mount("/", "/dev/sda1", "ext4")]),
        (FakeDisk({"/dev/sda": "xfs"}), 0, [Mount("/", "/dev/sda", "xfs")]),
        (
            FakeDisk(LVM, volumes=("/dev/vg/root",)),
            1,
            [Mount("/", "/dev/vg/root", "xfs")],
        ),
        (
            FakeDisk(
                {"/dev/sda1": "vfat", "/dev/sda2": "ext4"},
                roots=("/dev/sda2",),
                points={"/boot/efi": "/dev/sda1", "/": "/dev/sda1"},
            ),
            -1,
            [Mount("/", "/dev/sda2", "ext4"), Mount("/boot/efi", "/dev/sda1", "vfat")],
        ),
    ],
)
def test_what_is_found(disk: FakeDisk, partition: int, found: list[Mount]) -> None:
    assert find_mounts(disk, partition) == tuple(found)


@pytest.mark.parametrize(
    ("disk", "partition", "words"),
    [
        (FakeDisk(EXT4), 3, "no partition 3; its partitions are 1"),
        (FakeDisk({"/dev/sda": "ext4"}), 1, "it has no partitions"),
        (FakeDisk({}, parts=("/dev/sda1",)), 1, "has no file system"),
        (FakeDisk(EXT4), 0, "/dev/sda has no file system"),
        (FakeDisk({"/dev/sda1": "swap"}), 1, "is swap"),
        (FakeDisk({"/dev/sda1": "crypto_LUKS"}), 1, "is crypto_LUKS"),
        (
            FakeDisk(LVM, volumes=("/dev/vg/a", "/dev/vg/b")),
            1,
            "its volumes are /dev/vg/a, /dev/vg/b",
        ),
        (FakeDisk(LVM), 1, "its volumes are none"),
        (FakeDisk(EXT4), -1, "no system was found"),
        (
            FakeDisk(EXT4, roots=("/dev/sda1", "/dev/sda2")),
            -1,
            r"2 systems on the disk: /dev/sda1 \(Debian 12\), /dev/sda2 \(unknown\)",
        ),
    ],
)
def test_what_is_refused(disk: FakeDisk, partition: int, words: str) -> None:
    with pytest.raises(Refused, match=words):
        find_mounts(disk, partition)


def test_an_inspection_that_fails_is_no_refusal() -> None:
    with pytest.raises(Failed, match=r"^inspect_os: it is broken$"):
        find_mounts(FakeDisk({}, roots=None), -1)


def test_mounts_know_neither_devices_nor_programs() -> None:
    disk = FakeDisk(EXT4)
    mount(disk, (Mount("/", "/dev/sda1", "ext4"),))
    assert disk.mounted == [("nodev,nosuid,noexec", "/dev/sda1", "/")]


def test_a_broken_file_system_is_a_sentence() -> None:
    with pytest.raises(Refused, match=r"cannot be mounted .*status 32: bad\)"):
        mount(FakeDisk({"/dev/sda1": "broken"}), (Mount("/", "/dev/sda1", "ext4"),))


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("/boot", "/boot"),
        ("/var/lib/", "/srv/lib"),
        ("/inner", "/boot"),
        # libguestfs would follow these from the appliance's own root
        ("/evil", None),
        ("/gone", None),
        ("/gone/far", None),
        ("/file", None),
        ("/round", None),
        ("/proc", None),
    ],
)
def test_a_file_system_belongs_where_the_guest_mounts_it(
    folder: str, place: str | None
) -> None:
    disk = FakeDisk({"/dev/sda1": "ext4", "/dev/sda2": "ext4"})
    for name in ("/boot", "/srv/lib", "/proc"):
        disk.folder(name)
    disk.file("/file")
    disk.link("/var", "srv")
    disk.link("/inner", "boot")
    disk.link("/evil", "/sysroot/etc")
    disk.link("/round", "round")
    root = Mount("/", "/dev/sda1", "ext4")
    done = mount(disk, (root, Mount(folder, "/dev/sda2", "ext4")))
    assert [each.place for each in done] == ["/", *([place] if place else [])]
    assert [where for _, _, where in disk.mounted] == [each.place for each in done]


def test_a_guest_boots_without_what_cannot_be_mounted() -> None:
    """Such as a volume of fstab(5) with nofail that nobody has attached."""
    disk = FakeDisk({"/dev/sda1": "ext4", "/dev/sdb": "broken"})
    disk.folder("/mnt")
    root, other = Mount("/", "/dev/sda1", "ext4"), Mount("/mnt", "/dev/sdb", "")
    assert [each.folder for each in mount(disk, (root, other))] == ["/"]


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/", "/"),
        ("/etc/x", "/"),
        ("/boot", "/boot"),
        ("/boot/x", "/boot"),
        ("/boot2/x", "/"),
        ("/boot/efi/x", "/boot/efi"),
    ],
)
def test_the_mount_of_a_path(path: str, folder: str) -> None:
    mounts = [Mount(each, "", "ext4", each) for each in ("/", "/boot", "/boot/efi")]
    assert mount_of(path, mounts).folder == folder


@pytest.mark.parametrize(("kind", "owners"), [("ext4", True), ("vfat", False)])
def test_owners(kind: str, owners: bool) -> None:
    assert Mount("/", "", kind).owners is owners
