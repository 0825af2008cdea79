# SPDX-License-Identifier: Apache-2.0
"""Every format, partition table and file system, read back by other tools."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from lab import guest_image
from lab.settings import cache_dir

from appliance import processes
from appliance.disks import Ext4, converted, file_system, partitioned, run, small_system
from appliance.servers import CACHE, FILE, KEY, NIC, PASSWORD, WHOLE, write
from nova_xen.injection.guest.crypt import hash_password
from nova_xen.model import DiskFormat

VHD_OPTIONS = ("-O", "vpc", "-o", "force_size=on,subformat={}")


def verify(hashed: str) -> None:
    """The password fits the hash, says the system's own Perl."""
    script = "print crypt($ARGV[0], $ARGV[1])"
    assert run("perl", "-e", script, PASSWORD, hashed) == hashed


def expect_whole(guest: Ext4, prefix: str) -> None:
    """All of WHOLE is there, as it should be."""
    assert guest.read("/etc/hostname") == "web1\n"
    assert guest.read("/etc/motd") == "hello\n"
    assert json.loads(guest.read("/meta.js")) == {"role": "web"}
    assert guest.read("/root/.ssh/authorized_keys") == f"{KEY}\n"
    assert guest.status("/root/.ssh") == ("directory", 0o700, 0, 0)
    assert guest.status("/root/.ssh/authorized_keys") == ("regular", 0o600, 0, 0)
    assert guest.status("/srv/new/run") == ("regular", 0o750, 0, 0)
    assert guest.status("/srv/new") == ("directory", 0o755, 0, 0)
    assert guest.status("/etc/shadow") == ("regular", 0o640, 0, 42)
    line = guest.read("/etc/shadow").splitlines()[0].split(":")
    assert line[1].startswith(prefix)
    verify(line[1])
    guest.check()


def test_a_debian_of_mmdebstrap(instance: Path) -> None:
    image = guest_image.built(cache_dir())
    disk = instance / "disk"
    run("cp", "--sparse=always", image.disk("raw"), disk)
    before = Ext4(disk).read("/etc/shadow").splitlines()

    write(disk, WHOLE)

    guest = Ext4(disk)
    expect_whole(guest, "$")
    assert guest.read("/etc/shadow").splitlines()[1:] == before[1:]


def test_an_overlay_with_gpt_opens_its_own_base_alone(
    tmp_path: Path, instance: Path, system: Path
) -> None:
    bases = instance.parent / "_base"
    bases.mkdir()
    part = file_system("ext4", tmp_path / "part", system)
    base = partitioned(bases / "base", [part], label="gpt")
    disk = instance / "disk"
    backing = ("-b", base, "-F", "raw")
    run("qemu-img", "create", "-q", "-f", "qcow2", *backing, disk)
    untouched = hashlib.sha256(base.read_bytes()).digest()
    opened: set[str] = set()

    def watch(_what: str, _part: float) -> None:
        for number in processes.emulators(disk):
            opened.update(processes.open_files(number))

    write(disk, WHOLE, NIC, fmt=DiskFormat.QCOW2, progress=watch)

    named = {path for path in opened if not path.endswith("(deleted)")}
    own = ("/dev/", f"{CACHE}/.guestfs-")
    assert {path for path in named if not path.startswith(own)} == {
        str(disk),
        str(base),
    }
    assert hashlib.sha256(base.read_bytes()).digest() == untouched
    raw = tmp_path / "raw"
    run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, raw)
    guest = Ext4(raw)
    expect_whole(guest, "$y$")
    assert "address 192.0.2.5/24" in guest.read("/etc/network/interfaces")
    assert "00:16:3e:0a:0b:0c" in guest.read("/etc/udev/rules.d/70-nova-xen-net.rules")
    assert "127.0.1.1\tweb1" in guest.read("/etc/hosts")


@pytest.mark.parametrize("subformat", ["dynamic", "fixed"])
def test_a_vhd(tmp_path: Path, instance: Path, disk: Path, subformat: str) -> None:
    how = [each.format(subformat) for each in VHD_OPTIONS]
    vhd = converted(disk, instance / "disk.vhd", *how)

    write(vhd, WHOLE, fmt=DiskFormat.VHD)

    raw = tmp_path / "raw"
    run("qemu-img", "convert", "-f", "vpc", "-O", "raw", vhd, raw)
    expect_whole(Ext4(raw), "$y$")


def test_a_whole_disk_with_selinux(tmp_path: Path, instance: Path) -> None:
    files = {"/etc/selinux/config": "SELINUX=enforcing\n", "/root/.ssh/x": ""}
    root = tmp_path / "labelled"
    root.mkdir()
    small_system(root, files=files)
    disk = file_system("ext4", instance / "disk", root)
    label = "system_u:object_r:etc_t:s0"
    run("debugfs", "-w", "-R", f"ea_set /etc security.selinux {label}", disk)

    write(disk, WHOLE, partition=0)

    guest = Ext4(disk, offset=0)
    expect_whole(guest, "$y$")
    assert guest.label("/etc/shadow") == "system_u:object_r:shadow_t:s0"
    assert guest.label("/root/.ssh/authorized_keys").endswith(":ssh_home_t:s0")
    assert guest.label("/etc/motd") == label
    assert ".autorelabel" in guest.names("/")  # for /srv has no label to go by


def test_btrfs(tmp_path: Path, instance: Path, system: Path) -> None:
    disk = file_system("btrfs", instance / "disk", system, mib=128)

    write(disk, WHOLE, partition=0)

    out = tmp_path / "out"
    out.mkdir()
    run("btrfs", "restore", "-m", disk, out)
    assert (out / "etc/motd").read_text() == "hello\n"
    assert (out / "root/.ssh/authorized_keys").read_text() == f"{KEY}\n"
    assert (out / "root/.ssh").stat().st_mode & 0o777 == 0o700
    assert (out / "etc/shadow").stat().st_mode & 0o777 == 0o640
    run("btrfs", "check", disk)


def test_xfs(tmp_path: Path, instance: Path, system: Path) -> None:
    part = file_system("xfs", tmp_path / "part", system, mib=300)
    disk = partitioned(instance / "disk", [part])

    write(disk, WHOLE)

    back = tmp_path / "back"
    run("dd", f"if={disk}", f"of={back}", "bs=1M", "skip=1", "count=300", "conv=sparse")
    run("xfs_repair", "-n", back)
    found = run("xfs_db", "-r", "-c", "path /etc/motd", "-c", "print core", back)
    assert "core.size = 6" in found
    keys = ("-c", "path /root/.ssh/authorized_keys", "-c", "print core.mode core.uid")
    assert "core.mode = 0100600" in run("xfs_db", "-r", *keys, back)


def test_vfat_has_files_and_no_owners(tmp_path: Path, instance: Path) -> None:
    root = tmp_path / "fat"
    root.mkdir()
    (root / "etc").mkdir()
    part = file_system("vfat", tmp_path / "part", root)
    disk = partitioned(instance / "disk", [part], kind="c")

    write(disk, FILE)

    assert run("mtype", "-i", f"{disk}@@1M", "::/etc/motd") == "hello\n"


def test_hashes_of_both_kinds_fit() -> None:
    for prefix in ("$y$", "$6$"):
        verify(hash_password(PASSWORD, prefix))
