# SPDX-License-Identifier: Apache-2.0
"""The disk itself, read by others: whole or not there, for root alone."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.injection.config_drive import make_config_drive
from nova_xen.injection.config_drive.tree import drive_files
from nova_xen.model import MIB, GuestMode, InjectedFile
from unit.injection.config_drive.readers import READERS
from unit.injection.config_drive.servers import DEVICES, SECRET, make, plan, server

FORMATS = ("iso9660", "vfat")
SEED = b"\x01" * 512


@pytest.fixture(autouse=True)
def _known_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: b"\x01" * size)


@pytest.mark.parametrize("reader", READERS)
def test_others_read_every_file(reader: str, tmp_path: pathlib.Path) -> None:
    drive_format, read = READERS[reader]
    drive = make(tmp_path, drive_format, server())
    into = tmp_path / "into"
    into.mkdir()
    assert read(drive, into) == drive_files(server(), DEVICES, SEED)


def test_a_network_file_is_on_it(tmp_path: pathlib.Path) -> None:
    drive = plan(tmp_path, "iso9660")
    words: dict[str, Any] = {"server": "web1", "network_file": b"auto lo\n"}
    make_config_drive(drive, server(), GuestMode.HVM, **words)
    found = READERS["isoinfo, Joliet"][1](pathlib.Path(drive.path), tmp_path)
    assert found == drive_files(server(), DEVICES, SEED, b"auto lo\n")


@pytest.mark.parametrize("drive_format", FORMATS)
def test_it_is_found_by_its_label(drive_format: str, tmp_path: pathlib.Path) -> None:
    drive = make(tmp_path, drive_format, server())
    blkid = shutil.which("blkid", path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
    assert blkid is not None
    told = subprocess.run(
        [blkid, "-p", "-o", "export", drive], check=True, capture_output=True, text=True
    )
    assert "LABEL=config-2" in told.stdout.splitlines()
    assert f"TYPE={drive_format}" in told.stdout.splitlines()


@pytest.mark.parametrize("drive_format", FORMATS)
def test_only_root_may_read_it(drive_format: str, tmp_path: pathlib.Path) -> None:
    old = os.umask(0)
    try:
        drive = make(tmp_path, drive_format, server())
    finally:
        os.umask(old)
    assert stat.S_IMODE(drive.stat().st_mode) == 0o600
    assert drive.stat().st_size % 512 == 0
    assert os.listdir(tmp_path) == ["disk.config"]


def test_only_the_guests_root_may_read_it(tmp_path: pathlib.Path) -> None:
    drive = make(tmp_path, "iso9660", server())
    listed = subprocess.run(
        ["bsdtar", "-t", "-v", "--numeric-owner", "-f", drive],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = [line.split() for line in listed.splitlines() if not line.endswith(" .")]
    assert {(row[0], row[2], row[3]) for row in rows} == {
        ("dr-x------", "0", "0"),
        ("-r--------", "0", "0"),
    }


def test_a_disk_of_64_mib_that_is_mostly_holes(tmp_path: pathlib.Path) -> None:
    drive = make(tmp_path, "vfat", server())
    assert drive.stat().st_size == 64 * MIB
    assert drive.stat().st_blocks * 512 < 2 * MIB


@pytest.mark.parametrize("drive_format", FORMATS)
def test_the_most_that_planning_lets_through(
    drive_format: str, tmp_path: pathlib.Path
) -> None:
    files = tuple(
        InjectedFile(path=f"/{n}", content=bytes([n]) * MIB) for n in range(16)
    )
    big = {"a": "x" * (MIB - 20)}
    most = server(files=files, user_data=b"u" * MIB, vendor_data=big)
    drive = make(tmp_path, drive_format, most)
    reader = "bsdtar" if drive_format == "iso9660" else "mtools"
    into = tmp_path / "into"
    into.mkdir()
    found = READERS[reader][1](drive, into)
    assert found["openstack/content/0015"] == files[15].content
    assert found["openstack/latest/user_data"] == b"u" * MIB


@pytest.mark.parametrize("drive_format", FORMATS)
def test_what_a_killed_maker_left_is_written_over(
    drive_format: str, tmp_path: pathlib.Path
) -> None:
    """SIGKILL in the middle of it: nothing has its name, and it can be made again."""
    child = os.fork()
    if child == 0:
        os.closerange(0, 3)
        _dawdle(drive_format)
        make(tmp_path, drive_format, server())
        os._exit(0)
    _wait_for(lambda: ".disk.config.part" in os.listdir(tmp_path))
    time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert "disk.config" not in os.listdir(tmp_path)
    drive = make(tmp_path, drive_format, server())
    assert os.listdir(tmp_path) == [drive.name]


def _dawdle(drive_format: str) -> None:
    """Have the making stop half way, for as long as it takes."""
    name = "iso9660.folders" if drive_format == "iso9660" else "vfat.folders"
    pytest.MonkeyPatch().setattr(
        f"nova_xen.injection.config_drive.{name}", lambda files: time.sleep(60)
    )


def _wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("drive_format", FORMATS)
def test_a_file_that_is_there_is_kept(
    drive_format: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "disk.config").write_bytes(b"another's")
    with pytest.raises(exceptions.ToolFailed, match="File exists"):
        make(tmp_path, drive_format, server())
    assert (tmp_path / "disk.config").read_bytes() == b"another's"
    assert os.listdir(tmp_path) == ["disk.config"]


def test_a_missing_tool_is_named(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "nova_xen.images.tools.tool.environment", lambda: {"PATH": str(tmp_path)}
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(exceptions.ToolFailed, match=r"mkfs\.vfat failed while making"):
        make(tmp_path, "vfat", server())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("drive_format", FORMATS)
def test_no_program_is_given_a_secret(
    drive_format: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    started = subprocess.Popen.__init__

    def noted(self: object, args: object, *more: object, **words: object) -> None:
        commands.append(repr(args) + repr(words.get("env")))
        started(self, args, *more, **words)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    make(tmp_path, drive_format, server())
    assert not [command for command in commands if SECRET in command]
    assert bool(commands) is (drive_format == "vfat")


_SMALL = """
import json, os, sys
from nova_xen import exceptions
from unit.injection.config_drive.servers import make, server
import pathlib
folder = pathlib.Path(sys.argv[1])
try:
    make(folder, sys.argv[2], server(user_data=os.urandom(2**20)))
    error = None
except exceptions.NotEnoughDisk as caught:
    error = str(caught)
print(json.dumps([error, os.listdir(folder)]))
"""


@pytest.mark.parametrize("drive_format", FORMATS)
def test_a_full_disk_keeps_nothing_of_it(
    drive_format: str, tmp_path: pathlib.Path
) -> None:
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    done = subprocess.run(
        [
            *("unshare", "--mount", *user, "sh", "-ec"),
            'mount -t tmpfs -o size=4m none "$0"; exec "$@"',
            *(str(tmp_path), sys.executable, "-c", _SMALL, str(tmp_path), drive_format),
        ],
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    error, left = json.loads(done.stdout)
    assert "has too little space" in (error or "")
    assert left == []
