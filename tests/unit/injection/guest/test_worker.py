# SPDX-License-Identifier: Apache-2.0
"""The order of the work, and how each way it ends is told; libguestfs is not in it."""

from __future__ import annotations

from typing import Any

import pytest

from nova_xen.injection.guest import appliance, worker
from nova_xen.injection.guest.problems import Failed, Problem, Refused
from nova_xen.injection.guest.request import Request
from nova_xen.model import DiskFormat, GuestSetup, InjectedFile
from unit.injection.guest.fake_guest import FakeGuest, debian


class Disk(FakeGuest):
    """An appliance with one file system; ``fails`` is the call that goes wrong."""

    def __init__(self, fails: dict[str, Exception]) -> None:
        super().__init__()
        self.nodes = debian().nodes
        self.fails = fails
        self.closed = False

    def vfs_type(self, mountable: str) -> str:
        return "ext4"

    def mount_options(self, options: str, mountable: str, mountpoint: str) -> None:
        self._maybe("mount_options")

    def ping_daemon(self) -> None:
        self._maybe("ping_daemon")

    def readlink(self, path: str) -> str:
        self._maybe("readlink")
        return super().readlink(path)

    def rename(self, oldpath: str, newpath: str) -> None:
        self._maybe("rename")
        super().rename(oldpath, newpath)

    def shutdown(self) -> None:
        self._maybe("shutdown")

    def close(self) -> None:
        self.closed = True

    def _maybe(self, call: str) -> None:
        if call in self.fails:
            raise self.fails[call]


def work(
    monkeypatch: pytest.MonkeyPatch, fails: dict[str, Exception]
) -> tuple[Disk, list[str]]:
    disk, said = Disk(fails), list[str]()
    disk.link("/linked", "srv")
    disk.folder("/srv")
    monkeypatch.setattr(appliance, "start", lambda request, say: disk)
    file = InjectedFile(path="/linked/x", content=b"x")
    request = Request(
        path="/disk",
        format=DiskFormat.RAW,
        partition=1,
        folder="/f",
        cache="/c",
        memory_mib=512,
        setup=GuestSetup(files=(file,)),
        nics=(),
    )
    try:
        worker.work(request, said.append)
    finally:
        assert disk.closed
    return disk, said


def test_all_goes_well(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, said = work(monkeypatch, {})
    assert disk.nodes["/srv/x"].content == b"x"
    assert said == [
        "starting its appliance",
        "looking for the file system",
        "looking at the guest",
        "writing /linked/x",
        "closing the disk",
    ]


@pytest.mark.parametrize(
    ("fails", "kind", "words"),
    [
        ({"rename": RuntimeError("rename: I/O error")}, Failed, "I/O error"),
        ({"shutdown": RuntimeError("umount: busy")}, Failed, "umount: busy"),
        ({"mount_options": RuntimeError("bad magic")}, Refused, "bad magic"),
        (
            # killed in the middle of a call that the image can make fail as well
            {
                "mount_options": RuntimeError("killed by signal 9"),
                "ping_daemon": RuntimeError("ping_daemon: killed by signal 9"),
            },
            Failed,
            "killed by signal 9",
        ),
        (
            {"readlink": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid")},
            Refused,
            "no UTF-8",
        ),
    ],
)
def test_what_goes_wrong_is_a_problem_and_the_appliance_ends(
    monkeypatch: pytest.MonkeyPatch,
    fails: dict[str, Any],
    kind: type[Problem],
    words: str,
) -> None:
    with pytest.raises(kind, match=words):
        work(monkeypatch, fails)


def test_what_the_guest_mounts_elsewhere_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its fstab(5) is read before anything is written."""
    whole = Disk.__init__

    def with_fstab(self: Disk, fails: dict[str, Exception]) -> None:
        whole(self, fails)
        self.file("/etc/fstab", b"/dev/sda1 / ext4\n/dev/sdb1 /srv ext4\n")

    monkeypatch.setattr(Disk, "__init__", with_fstab)
    with pytest.raises(Refused, match="would lie below /srv"):
        work(monkeypatch, {})
