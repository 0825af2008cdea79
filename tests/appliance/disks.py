# SPDX-License-Identifier: Apache-2.0
"""Disks of guests made without mounting anything, and read back without libguestfs."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

MIB = 1024**2
SECTOR = 512
START = MIB
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

SHADOW = "root:*:19000:0:99999:7:::\ndaemon:!:19000:0:99999:7:::\n"


def run(*command: str | Path, given: str | None = None) -> str:
    """Run a program to its good end; what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        input=given,
        env={**os.environ, "PATH": PATH, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def small_system(root: Path, *, files: dict[str, str] | None = None) -> Path:
    """A tree with as much of a system as is looked at; owned by root."""
    told = {
        "/etc/shadow": SHADOW,
        "/etc/login.defs": "ENCRYPT_METHOD YESCRYPT\n",
        "/etc/hostname": "old\n",
        "/etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\told\n",
        "/etc/os-release": 'ID=debian\nNAME="Debian"\nVERSION_ID="12"\n',
        "/etc/debian_version": "12.5\n",
        "/etc/fstab": "/dev/sda1 / ext4 defaults 0 0\n",
        "/etc/network/interfaces": "auto lo\n",
        "/usr/sbin/ifup": "",
        "/etc/udev/rules.d/README": "",
        **(files or {}),
    }
    for path, text in told.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    for name in ("bin", "root", "boot", "dev", "proc", "sys", "run", "var", "home"):
        (root / name).mkdir(exist_ok=True)
    (root / "etc/shadow").chmod(0o640)
    os.chown(root / "etc/shadow", 0, 42)
    return root


def file_system(kind: str, target: Path, root: Path, mib: int = 24) -> Path:
    """A file system with a tree in it."""
    run("truncate", "-s", f"{mib}M", target)
    match kind:
        case "ext4":
            run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, target)
        case "btrfs":
            run("mkfs.btrfs", "-q", "--rootdir", root, target)
        case "xfs":
            run("mkfs.xfs", "-q", "-f", "-p", _proto(root), target)
        case "vfat":
            run("mkfs.vfat", target)
            for each in sorted(root.iterdir()):
                run("mcopy", "-s", "-i", target, each, "::/")
    return target


def _proto(root: Path) -> Path:
    """mkfs.xfs reads a tree from a description, see mkfs.xfs(8)."""
    lines = ["/", "0 0", "d--755 0 0"]

    def describe(folder: Path) -> None:
        for each in sorted(folder.iterdir()):
            found = each.lstat()
            owner = f"{stat.S_IMODE(found.st_mode):03o} {found.st_uid} {found.st_gid}"
            if each.is_dir():
                lines.append(f"{each.name} d--{owner}")
                describe(each)
                lines.append("$")
            elif found.st_size:
                lines.append(f"{each.name} ---{owner} {each}")

    describe(root)
    proto = root.with_suffix(".proto")
    proto.write_text("\n".join([*lines, "$"]) + "\n")
    return proto


def partitioned(
    target: Path, parts: Iterable[Path], label: str = "dos", kind: str = "L"
) -> Path:
    """A disk with a partition for each file system, on bounds of a MiB."""
    start, lines = START // SECTOR, []
    places: list[tuple[Path, int]] = []
    for part in parts:
        size = part.stat().st_size // SECTOR
        lines.append(f"start={start}, size={size}, type={kind}")
        places.append((part, start))
        start += size
    run("truncate", "-s", str((start + 2048) * SECTOR), target)
    run("sfdisk", "-q", target, given="\n".join([f"label: {label}", *lines]) + "\n")
    for part, place in places:
        copy = ("conv=notrunc,sparse", "bs=512", "status=none")
        run("dd", f"if={part}", f"of={target}", f"seek={place}", *copy)
    return target


def converted(source: Path, target: Path, *options: str) -> Path:
    """A raw disk as another format, by qemu-img's options."""
    run("qemu-img", "convert", "-f", "raw", *options, source, target)
    return target


class Ext4:
    """An ext4 file system read by debugfs, ``offset`` bytes into a raw disk."""

    def __init__(self, disk: Path, offset: int = START) -> None:
        self._disk = f"{disk}?offset={offset}" if offset else str(disk)

    def ask(self, command: str) -> str:
        return run("debugfs", "-R", command, self._disk)

    def read(self, path: str) -> str:
        return self.ask(f"cat {path}")

    def status(self, path: str) -> tuple[str, int, int, int]:
        """Kind, mode, owner and group of a node."""
        words = self.ask(f"stat {path}").replace("Type:", " Type: ").split()
        mode = int(words[words.index("Mode:") + 1], 8)
        kind = words[words.index("Type:") + 1]
        uid = int(words[words.index("User:") + 1])
        gid = int(words[words.index("Group:") + 1])
        return kind, mode, uid, gid

    def names(self, path: str) -> set[str]:
        """What is in a folder."""
        lines = self.ask(f"ls -p {path}").splitlines()
        found = {line.split("/")[5] for line in lines if line.count("/") > 5}
        return found - {".", "..", "lost+found"}

    def label(self, path: str) -> str:
        """What SELinux reads there."""
        return self.ask(f"ea_get -V {path} security.selinux").strip().rstrip("\0")

    def check(self) -> None:
        """Fail when it is not whole."""
        run("e2fsck", "-fn", self._disk)
