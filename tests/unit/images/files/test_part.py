# SPDX-License-Identifier: Apache-2.0
"""A file is on the disk before it has its name, and its name before anybody goes on."""

import os
import pathlib
import stat

import pytest

from nova_xen import exceptions
from nova_xen.images.files.part import part_name, part_of


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is written out and renamed, in order."""
    made: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def write_out(number: int) -> None:
        made.append(("fsync", os.readlink(f"/proc/self/fd/{number}")))
        fsync(number)

    def name(old: str, new: str) -> None:
        made.append(("rename", new))
        rename(old, new)

    monkeypatch.setattr(os, "fsync", write_out)
    monkeypatch.setattr(os, "rename", name)
    return made


def test_the_bytes_come_first_and_the_name_then(
    tmp_path: pathlib.Path, calls: list[tuple[str, str]]
) -> None:
    path = str(tmp_path / "x")
    with part_of(path, server="a") as part:
        pathlib.Path(part).write_text("whole")
        assert stat.S_IMODE(os.stat(part).st_mode) == 0o600
        assert calls == []
    assert calls == [("fsync", part), ("rename", path), ("fsync", str(tmp_path))]
    assert os.listdir(tmp_path) == ["x"]


def _fail(path: str) -> None:
    with part_of(path, server="a") as part:
        assert part == part_name(path)
        raise OSError(5, "I/O")


def test_a_failure_leaves_nothing(
    tmp_path: pathlib.Path, calls: list[tuple[str, str]]
) -> None:
    with pytest.raises(exceptions.ToolFailed, match=r"writing .*/x: I/O; see to it"):
        _fail(str(tmp_path / "x"))
    assert os.listdir(tmp_path) == []
    assert calls == []
