# SPDX-License-Identifier: Apache-2.0
"""Systems that libguestfs looks for: it is the guest that says where things belong."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import prepared
from appliance.disks import MIB, Ext4, file_system, partitioned, run, small_system
from appliance.servers import FILE, WHOLE, write
from appliance.shared import Shared
from nova_xen import exceptions
from nova_xen.model import GuestSetup, InjectedFile

#: a place that the appliance's library never uses, of a form that it does use
DECOY = "libguestfsABCDEF"


FSTAB = """\
/dev/sda1 / ext4 defaults 0 1
/dev/sda2 /evil ext4 defaults 0 2
/dev/sda2 /srv ext4 defaults 0 2
/dev/xvdb /mnt auto defaults,nofail 0 2
/dev/path={decoy}/guestfsd.sock,id=x /v ext4 defaults 0 0
socket,path={decoy}/guestfsd.sock,id=channel0 /v ext4 defaults 0 0
"""


@pytest.fixture(scope="module")
def decoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of the host that a guest names as if it were one of sockets."""
    folder = tmp_path_factory.mktemp("host") / DECOY
    folder.mkdir()
    (folder / "guestfsd.sock").write_text("of the host")
    yield folder
    assert (folder / "guestfsd.sock").read_text() == "of the host"


@pytest.fixture(scope="module")
def _two(tmp_path_factory: pytest.TempPathFactory, decoy: Path) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("two")
    made = Shared(two_partitions(folder, decoy))
    yield made
    made.stop()


@pytest.fixture
def two(_two: Shared, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with a second file system, and one appliance for all tests of it."""
    _two.lend(monkeypatch)
    return _two.disk


def two_partitions(folder: Path, decoy: Path) -> Path:
    """The system's fstab(5) names what it has, what it may lack, and the host's."""
    root, other = folder / "one", folder / "two"
    for each in (root, other):
        each.mkdir()
    small_system(root, files={"/etc/fstab": FSTAB.format(decoy=decoy)})
    for name in ("mnt", "srv"):
        (root / name).mkdir()
    (root / "evil").symlink_to("/sysroot/etc")
    parts = [
        file_system("ext4", folder / "part1", root),
        file_system("ext4", folder / "part2", other),
    ]
    return partitioned(folder / "disk", parts)


@pytest.mark.parametrize("partition", [-1, 1])
def test_a_file_that_the_guest_would_cover_is_refused(
    two: Path, partition: int
) -> None:
    setup = GuestSetup(files=(InjectedFile(path="/mnt/x", content=b"x"),))
    with pytest.raises(exceptions.InjectionRefused, match="would lie below /mnt"):
        write(two, setup, partition=partition)


def test_what_the_guest_mounts_and_what_it_cannot(two: Path) -> None:
    """Links are followed in the guest; a missing volume is no reason to refuse."""
    setup = GuestSetup(
        hostname="web1",
        files=(
            InjectedFile(path="/etc/motd", content=b"hello\n"),
            InjectedFile(path="/srv/x", content=b"on the second\n"),
        ),
    )
    write(two, setup, partition=-1)
    first, second = Ext4(two), Ext4(two, offset=25 * MIB)
    assert first.read("/etc/motd") == "hello\n"
    assert first.read("/etc/hostname") == "web1\n"
    assert second.read("/x") == "on the second\n"
    assert second.names("/") == {"x"}
    assert first.names("/srv") == set()
    first.check()
    second.check()


@pytest.fixture(scope="module")
def lvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    disk = tmp_path_factory.mktemp("lvm") / "disk"
    made = Shared(prepared.copied("lvm", disk))
    yield made
    made.stop()


@pytest.mark.parametrize(("partition", "name"), [(-1, "found"), (1, "numbered")])
def test_the_system_is_in_lvm(
    lvm: Shared, monkeypatch: pytest.MonkeyPatch, partition: int, name: str
) -> None:
    lvm.lend(monkeypatch)
    motd = InjectedFile(path="/etc/motd", content=name.encode())
    setup = dataclasses.replace(WHOLE, hostname=name, files=(motd,))
    write(lvm.disk, setup, partition=partition)
    guest = Ext4(lvm.disk, offset=prepared.VOLUME)
    assert guest.read("/etc/motd") == name
    assert guest.read("/etc/hostname") == f"{name}\n"
    guest.check()


def test_a_system_in_a_subvolume(
    tmp_path: Path, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """btrfs as Fedora has it: by number the system is not where it would be looked."""
    with Shared(prepared.copied("subvolume", instance / "disk")) as shared:
        shared.lend(monkeypatch)
        with pytest.raises(exceptions.InjectionRefused, match="no /etc on it"):
            write(shared.disk, FILE, partition=0)
        write(shared.disk, WHOLE, partition=-1)
    out = tmp_path / "out"
    out.mkdir()
    run("btrfs", "restore", shared.disk, out)
    assert (out / "root/etc/motd").read_text() == "hello\n"
    assert (out / "root/etc/hostname").read_text() == "web1\n"
    assert not (out / "etc").exists()
