# SPDX-License-Identifier: Apache-2.0
"""Disks made to lead the writer astray: of the host, and of the guest's own files.

CVE-2012-3360, CVE-2012-3361 and CVE-2012-3447 wrote through links and ".." of a
guest's disk into the host; CVE-2013-1922 had the format of a raw disk guessed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.disks import Ext4, file_system, partitioned, run, small_system
from appliance.servers import CACHE, FILE, KEY, WHOLE, server, write
from nova_xen import exceptions
from nova_xen.injection.guest import appliance, partitions
from nova_xen.injection.guest.edits import Edit, MakeFolder, WriteFile
from nova_xen.injection.guest.gather import gather_facts
from nova_xen.injection.guest.partitions import mount_of
from nova_xen.injection.guest.problems import Refused
from nova_xen.injection.guest.request import Request
from nova_xen.injection.guest.tree import Tree
from nova_xen.model import DiskFormat, GuestSetup, InjectedFile

HOST_FILES = ("/etc/passwd", "/etc/hostname", "/etc/shadow", "/root")
KEYS: tuple[Edit, ...] = (
    MakeFolder(path="/root/.ssh", mode=0o700),
    WriteFile(path="/root/.ssh/authorized_keys", content=b"key\n", keep_link=True),
)


def traps(root: Path, outside: Path) -> None:
    """Everything that a hostile image may have at the places that are written."""
    small_system(root)
    (root / "root/.ssh").symlink_to("/etc")
    (root / "absolute").symlink_to(outside)
    (root / "relative").symlink_to("../" * 12 + str(outside).lstrip("/"))
    (root / "up").symlink_to("../../../../etc")
    (root / "process").symlink_to("/proc/1/root/etc")
    (root / "round").symlink_to("round")
    (root / "final").symlink_to("/etc/shadow")
    (root / "host").symlink_to(outside / "file")
    os.mkfifo(root / "fifo")
    os.mknod(root / "disk", stat.S_IFBLK | 0o666, os.makedev(8, 0))
    os.mknod(root / "memory", stat.S_IFCHR | 0o666, os.makedev(1, 1))
    (root / "etc/folder").mkdir()
    os.link(root / "etc/login.defs", root / "hard")


def snapshot(*paths: Path) -> list[tuple[str, object, bytes]]:
    """What is told of the host's own files, and their content."""
    found: list[tuple[str, object, bytes]] = []
    for path in paths:
        status = path.lstat()
        told = (status.st_ino, status.st_mode, status.st_mtime_ns, status.st_size)
        found.append((str(path), told, path.read_bytes() if path.is_file() else b""))
    return found


class Trapped:
    """A started appliance with the disk of traps, and what the host had before."""

    def __init__(self, folder: Path) -> None:
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "file").write_text("of the host\n")
        root = folder / "root"
        root.mkdir()
        traps(root, self.outside)
        part = file_system("ext4", folder / "part", root)
        self.disk = partitioned(folder / "disk", [part])
        watched = [self.outside, self.outside / "file", *map(Path, HOST_FILES)]
        self.watched = watched
        self.before = snapshot(*watched)
        self.old = Ext4(self.disk)
        work = folder / "work"
        work.mkdir()
        request = Request(
            path=str(self.disk),
            format=DiskFormat.RAW,
            partition=1,
            folder=str(work),
            cache=str(CACHE),
            memory_mib=512,
            setup=GuestSetup(),
            nics=(),
        )
        CACHE.mkdir(parents=True, exist_ok=True)
        self.handle: Any = appliance.start(request, lambda what: None)
        mounts = partitions.find_mounts(self.handle, 1)
        partitions.mount(self.handle, mounts)
        self.tree = Tree(
            self.handle, lambda path: mount_of(path, mounts).owners, labels=False
        )


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trapped]:
    """One appliance for all: each trap is tried in turn, then the disk is read."""
    made = Trapped(tmp_path_factory.mktemp("trapped"))
    yield made
    if made.handle is not None:
        made.handle.close()


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        (KEYS, "/root/.ssh is a link"),
        ("/absolute/file", "outside|/tmp"),
        ("/relative/file", "outside|/tmp"),
        ("/process/passwd", "covers|/proc"),
        ("/round/x", "go round"),
        ("/fifo", "is a fifo"),
        ("/fifo/x", "is a fifo"),
        ("/disk", "is a block device"),
        ("/memory", "is a character device"),
        ("/etc/folder", "is a folder"),
        ("/proc/sysrq-trigger", "covers"),
        ("/etc/shadow/x", "is a file"),
    ],
    ids=str,
)
def test_a_trap_is_refused(
    trapped: Trapped, edits: str | tuple[Edit, ...], words: str
) -> None:
    if isinstance(edits, str):
        edits = (WriteFile(path=edits, content=b"evil"),)
    with pytest.raises(Refused, match=words):
        trapped.tree.apply(edits)
    assert snapshot(*trapped.watched) == trapped.before


@pytest.mark.parametrize("path", ["/final", "/host", "/hard", "/up/new"])
def test_what_is_written_is_that_file_alone(trapped: Trapped, path: str) -> None:
    trapped.tree.apply([WriteFile(path=path, content=b"written")])
    assert snapshot(*trapped.watched) == trapped.before


def test_facts_are_read_from_files_alone(trapped: Trapped) -> None:
    facts = gather_facts(trapped.handle)
    assert facts.has("/etc", "/usr/sbin/ifup")
    assert facts.contents["/etc/shadow"].startswith(b"root:*:")


def test_mounts_know_no_devices(trapped: Trapped) -> None:
    with pytest.raises(RuntimeError, match="Permission denied"):
        trapped.handle.write("/disk", b"evil")


def test_the_disk_has_what_was_asked_for_and_nothing_else(trapped: Trapped) -> None:
    appliance.stop(trapped.handle)
    trapped.handle.close()
    trapped.handle = None
    guest = Ext4(trapped.disk)
    for path in ("/final", "/host", "/hard", "/etc/new"):
        assert guest.status(path) == ("regular", 0o644, 0, 0)
        assert guest.read(path) == "written"
    assert guest.read("/etc/shadow").startswith("root:*:19000:")
    assert guest.read("/etc/login.defs") == "ENCRYPT_METHOD YESCRYPT\n"
    assert guest.status("/etc") == ("directory", 0o755, 0, 0)
    assert "authorized_keys" not in guest.names("/etc")
    assert guest.names("/proc") == set()
    assert guest.status("/root/.ssh")[0] == "symlink"
    assert not any(name.startswith(".nx-") for name in guest.names("/etc"))
    guest.check()


def test_a_raw_disk_with_a_header_in_it_stays_raw(
    tmp_path: Path, instance: Path
) -> None:
    """CVE-2013-1922: a guest writes a qcow2 header that names a file of the host."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the host" * 100_000)
    disk = instance / "disk"
    backing = ("-b", secret, "-F", "raw")
    run("qemu-img", "create", "-q", "-f", "qcow2", *backing, disk, "64M")
    before = hashlib.sha256(disk.read_bytes()).digest()

    with pytest.raises(exceptions.InjectionRefused, match="no file system"):
        write(disk, FILE, partition=0)

    assert hashlib.sha256(disk.read_bytes()).digest() == before


@pytest.mark.parametrize("kind", ["elsewhere", "link", "unnamed", "qcow2", "data"])
def test_an_overlay_of_anything_but_a_raw_base_is_refused(
    tmp_path: Path, instance: Path, kind: str
) -> None:
    bases = instance.parent / "_base"
    bases.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 1024**2)
    disk, base = instance / "disk", bases / "base"
    create = ("qemu-img", "create", "-q", "-f", "qcow2")
    match kind:
        case "elsewhere":
            run(*create, "-b", secret, "-F", "raw", disk)
        case "link":
            base.symlink_to(secret)
            run(*create, "-b", base, "-F", "raw", disk)
        case "unnamed":
            base.write_bytes(b"s" * 1024**2)
            run(*create, "-b", base, "-F", "raw", disk)
            data = disk.read_bytes()
            disk.write_bytes(data.replace(b"\xe2\x79\x2a\xca", b"\xe2\x79\x2a\xcb"))
        case "qcow2":
            run(*create, "-b", secret, "-F", "raw", base)
            run(*create, "-b", base, "-F", "qcow2", disk)
        case "data":
            run(*create, "-o", f"data_file={secret}", disk, "1M")
    with pytest.raises(exceptions.InjectionRefused):
        write(disk, FILE, fmt=DiskFormat.QCOW2)
    assert not (instance / ".injection").exists()


def visible(folder: Path) -> Iterator[bytes]:
    """What other users, or a later one of the disk, might read."""
    processes = [path for path in Path("/proc").iterdir() if path.name.isdecimal()]
    told = [each / name for each in processes for name in ("cmdline", "environ")]
    for path in (*told, *(folder / ".injection").glob("*")):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


def test_no_secret_is_seen_while_it_is_written(disk: Path) -> None:
    """Neither in arguments nor in the environment, nor in a file of the folder."""
    secret, stop = b"S3cretOfTheGuest", threading.Event()
    seen: list[bool] = []
    setup = GuestSetup(
        admin_password=secret.decode(),
        files=(InjectedFile(path="/etc/x", content=secret),),
        ssh_keys=(KEY,),
    )

    def watch() -> None:
        while not stop.wait(0.1):
            seen.extend(secret in text for text in visible(disk.parent))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        write(disk, setup)
    finally:
        stop.set()
        thread.join()
    assert len(seen) > 100
    assert not any(seen)
    assert secret.decode() not in repr(server(setup))
    assert secret.decode() not in repr(WHOLE)
    assert secret.decode() in Ext4(disk).read("/etc/x")
    assert secret.decode() not in Ext4(disk).read("/etc/shadow")
