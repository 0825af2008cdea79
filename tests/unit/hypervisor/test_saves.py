# SPDX-License-Identifier: Apache-2.0
"""Files of saved memory and their second names."""

import os
import pathlib

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.saves import SaveFolder
from nova_xen.model import SavedFiles


@pytest.fixture
def saves(tmp_path: pathlib.Path) -> SaveFolder:
    return SaveFolder(str(tmp_path))


def there(folder: pathlib.Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("image", [False, True])
def test_what_is_there(
    saves: SaveFolder, tmp_path: pathlib.Path, image: bool, kept: bool
) -> None:
    for name, wanted in (("web.save", image), ("web.save.kept", kept)):
        if wanted:
            (tmp_path / name).touch()
    (tmp_path / "web2.save").touch()
    assert saves.look("web") == SavedFiles(image=image, kept=kept)


@pytest.mark.parametrize("path", [None, "/nonexistent/folder"])
def test_a_folder_that_is_not_there_tells_nothing(path: str | None) -> None:
    assert SaveFolder(path).look("web") is None


def test_a_folder_that_may_not_be_seen_tells_nothing(
    saves: SaveFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert saves.look("web") is None


def test_the_second_name_is_the_same_file(
    saves: SaveFolder, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "web.save").write_text("memory")
    for _ in range(2):  # as by a resume that was killed, and the next
        saves.keep("web")
        assert (tmp_path / "web.save").samefile(tmp_path / "web.save.kept")
    os.unlink(tmp_path / "web.save")  # as libvirt does
    assert there(tmp_path) == {"web.save.kept": "memory"}


def test_an_older_file_loses_the_second_name(
    saves: SaveFolder, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "web.save.kept").write_text("old")
    (tmp_path / "web.save").write_text("new")
    saves.keep("web")
    assert there(tmp_path) == {"web.save": "new", "web.save.kept": "new"}


def test_put_back(saves: SaveFolder, tmp_path: pathlib.Path) -> None:
    (tmp_path / "web.save.kept").write_text("memory")
    saves.put_back("web")
    assert there(tmp_path) == {"web.save": "memory"}


def test_put_back_where_libvirt_removed_nothing(
    saves: SaveFolder, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "web.save").write_text("memory")
    saves.keep("web")
    saves.put_back("web")
    assert there(tmp_path) == {"web.save": "memory"}


def test_dropping_twice_is_fine(saves: SaveFolder, tmp_path: pathlib.Path) -> None:
    (tmp_path / "web.save").write_text("memory")
    saves.keep("web")
    saves.drop_kept("web")
    saves.drop_kept("web")
    assert there(tmp_path) == {"web.save": "memory"}


def test_each_change_is_on_the_disk(
    saves: SaveFolder, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def counting(number: int) -> None:
        synced.append(os.fstat(number).st_ino)
        fsync(number)

    monkeypatch.setattr(os, "fsync", counting)
    image = tmp_path / "web.save"
    image.write_text("memory")
    folder = tmp_path.stat().st_ino
    saves.sync("web")
    assert synced == [image.stat().st_ino, folder]
    for change in (saves.keep, saves.put_back, saves.keep, saves.drop_kept):
        synced.clear()
        change("web")
        assert synced == [folder]


@pytest.mark.parametrize("change", ["keep", "put_back", "sync"])
def test_what_cannot_be_done_is_told(saves: SaveFolder, change: str) -> None:
    with pytest.raises(exceptions.SaveFolderFailed, match="server web") as refused:
        getattr(saves, change)("web")
    assert "No such file or directory; see to it" in str(refused.value)
