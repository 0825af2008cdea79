# SPDX-License-Identifier: Apache-2.0
"""The file system that servers' disks lie on."""

import errno
import os
from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.images import disk_space
from nova_xen.images.files import space
from nova_xen.images.files.mount import file_system
from nova_xen.planning.file_systems import SHARED


def test_a_file_system(tmp_path: Path) -> None:
    found = disk_space(str(tmp_path))
    status = os.statvfs(tmp_path)
    assert found.path == str(tmp_path)
    assert found.total == status.f_blocks * status.f_frsize
    assert 0 < found.used <= found.total - found.free
    assert found.shared is False


def test_a_folder_that_is_still_to_be_made(tmp_path: Path) -> None:
    path = f"{tmp_path}/var/instances"
    found = disk_space(path)
    assert found.path == path
    assert found.total == disk_space(str(tmp_path)).total
    assert not os.path.exists(path)


def test_a_path_that_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(exceptions.SpaceUnknown) as caught:
        disk_space(str(file))
    assert str(caught.value).startswith(
        f"The space of {file} cannot be told: Not a directory; "
    )


def test_a_server_of_files_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(number: int) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(os, "fstatvfs", stale)
    with pytest.raises(exceptions.SpaceUnknown, match="Stale file handle"):
        disk_space(str(tmp_path))


def test_the_kind_is_the_kernels_word() -> None:
    number = os.open("/proc", os.O_RDONLY)
    try:
        assert file_system(number) == "proc"
    finally:
        os.close(number)


def test_what_is_not_open() -> None:
    assert file_system(987_654) == ""


@pytest.mark.parametrize(
    ("kind", "shared"),
    [
        *((kind, True) for kind in sorted(SHARED)),
        *(("ext4", False), ("tmpfs", False), ("", False)),
    ],
)
def test_file_systems_of_several_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shared: bool
) -> None:
    monkeypatch.setattr(space, "file_system", lambda number: kind)
    found = disk_space(str(tmp_path))
    assert (found.kind, found.shared) == (kind, shared)
