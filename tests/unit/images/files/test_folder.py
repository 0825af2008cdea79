# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import pathlib
import signal
import stat
import subprocess
import sys

import pytest

from nova_xen import exceptions
from nova_xen.images import (
    create_folder,
    folder_of,
    folder_usage,
    list_unfinished,
    mark_unfinished,
    remove_folder,
    sweep_leftovers,
)

UUID = "5a35d2b6-7b0b-4f6d-8b33-2f9c2a9a6d11"
OTHER = "0d1cfa4c-3c1e-4a7e-8a86-90b0d9bd5c5e"

_DYING_MAKER = """
import sys, time
from nova_xen.images import create_folder
folder = create_folder(sys.argv[1], sys.argv[2], server="alice")
open(folder.path + "/disk", "w").close()
print("made", flush=True)
sys.stdin.read()
"""


def _maker(instances_path: str, uuid: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _DYING_MAKER, instances_path, uuid],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    return process


def _kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "uuid", ["", ".", "..", "_base", "../" + UUID, UUID + "/..", "/etc", UUID.upper()]
)
def test_only_a_uuid_names_a_folder(instances_path: str, uuid: str) -> None:
    with pytest.raises(exceptions.InvalidRequest):
        folder_of(instances_path, uuid)
    with pytest.raises(exceptions.InvalidRequest):
        create_folder(instances_path, uuid, server="alice")
    with pytest.raises(exceptions.InvalidRequest):
        remove_folder(instances_path, uuid)
    assert os.listdir(instances_path) == []


def test_life(tmp_path: pathlib.Path) -> None:
    instances = str(tmp_path / "not" / "there")
    folder = create_folder(instances, UUID, server="alice")
    assert folder.path == os.path.join(instances, UUID)
    assert stat.S_IMODE(os.stat(folder.path).st_mode) == 0o711
    assert os.listdir(folder.path) == [".building"]
    assert list_unfinished(instances) == ()
    folder.finish()
    folder.finish()
    assert os.listdir(folder.path) == []
    assert list_unfinished(instances) == ()
    remove_folder(instances, UUID)
    remove_folder(instances, UUID)
    assert os.listdir(instances) == ["locks"]


def test_a_folder_that_is_there_is_not_taken(instances_path: str) -> None:
    folder = pathlib.Path(instances_path, UUID)
    folder.mkdir()
    (folder / "disk").write_text("x")
    with pytest.raises(exceptions.ServerExists):
        create_folder(instances_path, UUID, server="alice")
    assert os.listdir(folder) == ["disk"]


def test_abandon_removes_everything(instances_path: str) -> None:
    folder = create_folder(instances_path, UUID, server="alice")
    pathlib.Path(folder.path, "disk").write_text("x")
    folder.abandon()
    folder.abandon()
    assert os.listdir(instances_path) == ["locks"]


def test_a_killed_maker_is_found(instances_path: str) -> None:
    process = _maker(instances_path, UUID)
    done = create_folder(instances_path, OTHER, server="bob")
    assert list_unfinished(instances_path) == ()
    _kill(process)
    assert list_unfinished(instances_path) == (UUID,)
    done.finish()
    remove_folder(instances_path, UUID)
    assert list_unfinished(instances_path) == ()
    assert sorted(os.listdir(instances_path)) == [OTHER, "locks"]


def test_looking_never_takes_a_folder_that_is_being_finished(
    instances_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker removes the marker between our opening and our locking it."""
    folder = create_folder(instances_path, UUID, server="alice")
    real_flock = fcntl.flock

    def flock(number: int, operation: int) -> None:
        folder.finish()
        real_flock(number, operation)

    monkeypatch.setattr("nova_xen.images.files.lock.fcntl.flock", flock)
    assert list_unfinished(instances_path) == ()
    assert os.listdir(folder.path) == []
    assert list_unfinished(instances_path) == ()
    assert os.listdir(folder.path) == []


def test_a_removal_cut_short_is_found(instances_path: str) -> None:
    create_folder(instances_path, UUID, server="alice").finish()
    mark_unfinished(instances_path, UUID)
    mark_unfinished(instances_path, OTHER)
    assert list_unfinished(instances_path) == (UUID,)


def test_nothing_unfinished_where_there_is_nothing(tmp_path: pathlib.Path) -> None:
    assert list_unfinished(str(tmp_path / "no")) == ()
    sweep_leftovers(str(tmp_path / "no"))


def test_unfinished_looks_at_folders_of_instances_alone(instances_path: str) -> None:
    for name in ("_base", "compute_nodes", f".{UUID}.new"):
        folder = pathlib.Path(instances_path, name)
        folder.mkdir()
        (folder / ".building").touch()
    assert list_unfinished(instances_path) == ()


def test_sweep_removes_what_was_half_made_or_half_removed(instances_path: str) -> None:
    for name in (f".{UUID}.new", f".{OTHER}.removing", "_base", ".ssh", OTHER):
        folder = pathlib.Path(instances_path, name)
        folder.mkdir()
        (folder / "x").touch()
    sweep_leftovers(instances_path)
    assert sorted(os.listdir(instances_path)) == [".ssh", OTHER, "_base", "locks"]


def test_leftovers_do_not_hinder_a_new_folder(instances_path: str) -> None:
    for suffix in ("new", "removing"):
        folder = pathlib.Path(instances_path, f".{UUID}.{suffix}")
        folder.mkdir()
        (folder / "old").touch()
    created = create_folder(instances_path, UUID, server="alice")
    assert os.listdir(created.path) == [".building"]
    created.abandon()
    assert os.listdir(instances_path) == ["locks"]


def test_remove_follows_no_link(instances_path: str, tmp_path: pathlib.Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    folder = create_folder(instances_path, UUID, server="alice")
    pathlib.Path(folder.path, "link").symlink_to(precious)
    pathlib.Path(folder.path, "hard").symlink_to(precious / "file")
    folder.abandon()
    pathlib.Path(instances_path, OTHER).symlink_to(precious)
    remove_folder(instances_path, OTHER)
    assert os.listdir(instances_path) == ["locks"]
    assert os.listdir(precious) == ["file"]


def test_failure_is_a_sentence(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(exceptions.ToolFailed) as caught:
        create_folder(str(tmp_path / "file"), UUID, server="alice")
    assert str(caught.value) == (
        "Server alice: the file system failed while making the folder "
        f"{tmp_path}/file/{UUID}: File exists; see to it and try again."
    )


def test_usage_counts_blocks_and_no_holes(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sub").mkdir()
    with (tmp_path / "sub" / "sparse").open("wb") as stream:
        stream.truncate(1 << 30)
        stream.write(b"x" * 100_000)
        os.fsync(stream.fileno())
    assert 100_000 <= folder_usage(str(tmp_path)) < 200_000
    assert folder_usage(str(tmp_path / "no")) == 0
