# SPDX-License-Identifier: Apache-2.0
"""Every format and partition table, read back by other tools."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from appliance import held, processes
from appliance.disks import Ext4, converted, file_system, partitioned, run, small_system
from appliance.servers import CACHE, NIC, PASSWORD, WHOLE, write
from appliance.whole import expect_whole, verify
from nova_xen.injection.guest.crypt import hash_password
from nova_xen.model import DiskFormat

VHD_OPTIONS = ("-O", "vpc", "-o", "force_size=on,subformat={}")


def test_an_overlay_with_gpt_opens_its_own_base_alone(
    tmp_path: Path, instance: Path, system: Path, monkeypatch: pytest.MonkeyPatch
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

    def watch(*_progress: object) -> None:
        for number in processes.emulators(disk):
            opened.update(processes.open_files(number))

    held.hold(monkeypatch, "closing the disk", watch)
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


def test_hashes_of_both_kinds_fit() -> None:
    for prefix in ("$y$", "$6$"):
        verify(hash_password(PASSWORD, prefix))
