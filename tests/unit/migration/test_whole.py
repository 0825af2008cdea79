# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import stat

import pytest

from nova_xen.migration.whole import content_of, make_folder, replace, write_new
from unit.migration.syncs import Syncs


@pytest.fixture
def syncs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Syncs:
    return Syncs(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("durable", "synced"), [(True, ["a/*", "a"]), (False, [])], ids=str
)
def test_what_must_last_is_synced_with_its_folder(
    tmp_path: pathlib.Path, syncs: Syncs, durable: bool, synced: list[str]
) -> None:
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "file"
    for content in (b"one", b"two"):
        replace(str(path), content, durable=durable)
        assert path.read_bytes() == content
        assert syncs.take() == synced
    assert os.listdir(tmp_path / "a") == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_mode_is_what_was_asked_for(tmp_path: pathlib.Path, mode: int) -> None:
    replace(str(tmp_path / "file"), b"", durable=False, mode=mode)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_name_alone_is_in_this_folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_folder("a")
    replace("file", b"x", durable=True)
    assert sorted(os.listdir(tmp_path)) == ["a", "file"]


def test_the_old_content_stays_when_the_new_one_cannot_be_had(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    replace(str(path), b"old", durable=True)

    def refuse(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        replace(str(path), b"new", durable=True)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_folders_are_on_the_disk_with_those_above(
    tmp_path: pathlib.Path, syncs: Syncs
) -> None:
    make_folder(str(tmp_path / "a" / "b" / "c"))
    assert syncs.take() == [".", "a", "a/b"]
    assert stat.S_IMODE((tmp_path / "a" / "b" / "c").stat().st_mode) == 0o700
    make_folder(str(tmp_path / "a" / "b" / "c"))
    make_folder(str(tmp_path / "a" / "b" / "d"))
    assert syncs.take() == ["a/b"]


def test_a_file_in_a_folders_place_is_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_folder(str(tmp_path / "file" / "a"))


def test_what_is_there_is_not_written_anew(
    tmp_path: pathlib.Path, syncs: Syncs
) -> None:
    path = tmp_path / "file"
    write_new(str(path), b"one")
    assert syncs.take() == ["file"]
    with pytest.raises(FileExistsError):
        write_new(str(path), b"two")
    assert content_of(str(path), 3) == b"one"
    with pytest.raises(ValueError, match="more than 2 bytes"):
        content_of(str(path), 2)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(ValueError, match="it is a link"):
        content_of(str(tmp_path / "link"), 3)
