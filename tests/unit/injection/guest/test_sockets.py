# SPDX-License-Identifier: Apache-2.0
"""libguestfs's folder of sockets: found by the emulator alone, removed with care."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from nova_xen.injection.guest import sockets

PLACE = "/tmp/libguestfsTeSt42"
ARGUMENT = f"socket,path={PLACE}/guestfsd.sock,id=channel0"


@pytest.fixture
def place() -> Iterator[pathlib.Path]:
    """A folder as libguestfs makes it."""
    made = pathlib.Path(PLACE)
    made.mkdir()
    yield made
    if made.exists():
        for each in made.iterdir():
            each.unlink()
        made.rmdir()


@contextlib.contextmanager
def emulator(folder: pathlib.Path, arguments: list[str]) -> Iterator[None]:
    """A process of this one's that has such arguments, and this folder as TMPDIR."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", *arguments]
    own = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, env=own) as child:
        try:
            end = time.monotonic() + 10
            told = pathlib.Path(f"/proc/{child.pid}/cmdline")
            while os.fsencode(arguments[-1]) not in told.read_bytes():
                assert time.monotonic() < end
            yield
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["-chardev", ARGUMENT], PLACE),
        (["-append", f"x {ARGUMENT}"], None),
        (["-drive", "file=/x"], None),
        (["-chardev", ARGUMENT.replace("/tmp/", "/tmp/x/")], None),
        (["-chardev", ARGUMENT.replace("/tmp/lib", "/srv/lib")], None),
    ],
)
def test_the_emulators_arguments_tell(
    tmp_path: pathlib.Path, arguments: list[str], found: str | None
) -> None:
    with emulator(tmp_path, arguments):
        assert sockets.find_sockets(str(tmp_path)) == found
        assert sockets.find_sockets(str(tmp_path / "other")) is None
    assert sockets.find_sockets(str(tmp_path)) is None


def test_what_was_noted_outlives_the_emulator(tmp_path: pathlib.Path) -> None:
    with emulator(tmp_path, ["-chardev", ARGUMENT]):
        assert sockets.note_sockets(str(tmp_path), os.getpid())
    assert sockets.find_sockets(str(tmp_path)) == PLACE


def test_a_worker_without_an_emulator_has_nothing_noted(tmp_path: pathlib.Path) -> None:
    with emulator(tmp_path, ["-drive", "file=/x"]):
        assert not sockets.note_sockets(str(tmp_path), os.getpid())
    assert not sockets.note_sockets(str(tmp_path), 2**22 + 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("noted", ["/tmp/libguestfsTeSt4", f"{PLACE}/x", "/etc", "é"])
def test_a_note_that_names_no_such_folder_is_nothing(
    tmp_path: pathlib.Path, noted: str
) -> None:
    (tmp_path / "sockets").write_text(noted)
    assert sockets.find_sockets(str(tmp_path)) is None


def test_the_sockets_go_and_their_folder(place: pathlib.Path) -> None:
    for name in ("guestfsd.sock", "console.sock"):
        (place / name).touch()
    sockets.remove_sockets(PLACE)
    assert not place.exists()


def test_what_is_not_libguestfss_stays(place: pathlib.Path) -> None:
    (place / "guestfsd.sock").touch()
    (place / "of somebody").touch()
    sockets.remove_sockets(PLACE)
    assert [each.name for each in place.iterdir()] == ["of somebody"]


@pytest.mark.parametrize(
    "name", ["libguestfsABCDEF", "libguestfsABCDEF/", "x/../libguestfsABCDEF"]
)
def test_no_other_folder_is_touched(tmp_path: pathlib.Path, name: str) -> None:
    made = tmp_path / "libguestfsABCDEF"
    made.mkdir()
    (tmp_path / "x").mkdir()
    (made / "guestfsd.sock").touch()
    sockets.remove_sockets(f"{tmp_path}/{name}")
    sockets.remove_sockets(None)
    assert (made / "guestfsd.sock").exists()


def test_a_folder_of_another_user_stays(place: pathlib.Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (place / "guestfsd.sock").touch()
    os.chown(place, 1, 1)
    sockets.remove_sockets(PLACE)
    assert (place / "guestfsd.sock").exists()
