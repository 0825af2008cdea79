# SPDX-License-Identifier: Apache-2.0
"""Systems that libguestfs looks for: it is the guest that says where things belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.disks import Ext4, file_system, partitioned, run, small_system
from appliance.servers import FILE, WHOLE, guestfish, write
from nova_xen import exceptions
from nova_xen.model import GuestSetup, InjectedFile

#: a place that the appliance's library never uses, of a form that it does use
DECOY = "libguestfsABCDEF"


@pytest.fixture
def decoy(tmp_path: Path) -> Iterator[Path]:
    """A folder of the host that a guest names as if it were one of sockets."""
    folder = tmp_path / DECOY
    folder.mkdir()
    (folder / "guestfsd.sock").write_text("of the host")
    yield folder
    assert (folder / "guestfsd.sock").read_text() == "of the host"


def two_partitions(folder: Path, instance: Path, fstab: str, link: str = "") -> Path:
    """A system whose fstab(5) is this one, and a second file system."""
    root, other = folder / "one", folder / "two"
    for each in (root, other):
        each.mkdir()
    small_system(root, files={"/etc/fstab": fstab})
    for name in ("mnt", "srv"):
        (root / name).mkdir()
    if link:
        (root / "evil").symlink_to(link)
    parts = [
        file_system("ext4", folder / "part1", root),
        file_system("ext4", folder / "part2", other),
    ]
    return partitioned(instance / "disk", parts)


def test_what_the_guest_mounts_and_what_it_cannot(
    tmp_path: Path, instance: Path, decoy: Path
) -> None:
    """Links are followed in the guest; a missing volume is no reason to refuse."""
    fstab = (
        "/dev/sda1 / ext4 defaults 0 1\n"
        "/dev/sda2 /evil ext4 defaults 0 2\n"
        "/dev/sda2 /srv ext4 defaults 0 2\n"
        "/dev/xvdb /mnt auto defaults,nofail 0 2\n"
        f"/dev/path={decoy}/guestfsd.sock,id=x /v ext4 defaults 0 0\n"
        f"socket,path={decoy}/guestfsd.sock,id=channel0 /v ext4 defaults 0 0\n"
    )
    disk = two_partitions(tmp_path, instance, fstab, link="/sysroot/etc")
    setup = GuestSetup(
        hostname="web1",
        files=(
            InjectedFile(path="/etc/motd", content=b"hello\n"),
            InjectedFile(path="/srv/x", content=b"on the second\n"),
        ),
    )
    write(disk, setup, partition=-1)
    first, second = Ext4(disk), Ext4(disk, offset=25 * 1024**2)
    assert first.read("/etc/motd") == "hello\n"
    assert first.read("/etc/hostname") == "web1\n"
    assert second.read("/x") == "on the second\n"
    assert second.names("/") == {"x"}
    assert first.names("/srv") == set()
    first.check()
    second.check()


@pytest.mark.parametrize("partition", [-1, 1])
def test_a_file_that_the_guest_would_cover_is_refused(
    tmp_path: Path, instance: Path, partition: int
) -> None:
    fstab = "/dev/sda1 / ext4 defaults 0 1\n/dev/xvdb /mnt auto nofail 0 2\n"
    disk = two_partitions(tmp_path, instance, fstab)
    setup = GuestSetup(files=(InjectedFile(path="/mnt/x", content=b"x"),))
    with pytest.raises(exceptions.InjectionRefused, match="would lie below /mnt"):
        write(disk, setup, partition=partition)


def test_a_name_that_is_no_text(tmp_path: Path, instance: Path, system: Path) -> None:
    (system / "srv").symlink_to(b"/\xff\xfe".decode("utf-8", "surrogateescape"))
    part = file_system("ext4", tmp_path / "part", system)
    disk = partitioned(instance / "disk", [part])
    setup = GuestSetup(files=(InjectedFile(path="/srv/x", content=b"x"),))
    with pytest.raises(exceptions.InjectionRefused, match=r"no UTF-8"):
        write(disk, setup)


def test_a_system_in_a_subvolume(tmp_path: Path, instance: Path) -> None:
    """btrfs as Fedora has it: by number the system is not where it would be looked."""
    disk = instance / "disk"
    run("truncate", "-s", "260M", disk)
    root = small_system(tmp_path / "root-made", files={})
    (root / "etc/fstab").write_text("/dev/sda / btrfs subvol=root 0 0\n")
    archive = tmp_path / "root.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    guestfish(
        disk,
        "run : mkfs btrfs /dev/sda : mount /dev/sda / : btrfs-subvolume-create /root : "
        f"tar-in {archive} /root",
    )
    with pytest.raises(exceptions.InjectionRefused, match="no /etc on it"):
        write(disk, FILE, partition=0)
    write(disk, WHOLE, partition=-1)
    out = tmp_path / "out"
    out.mkdir()
    run("btrfs", "restore", disk, out)
    assert (out / "root/etc/motd").read_text() == "hello\n"
    assert (out / "root/etc/hostname").read_text() == "web1\n"
    assert not (out / "etc").exists()
