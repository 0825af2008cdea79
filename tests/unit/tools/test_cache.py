# SPDX-License-Identifier: Apache-2.0
"""Builds by hash: made once, and never half."""

from pathlib import Path

import pytest
from lab import cache
from lab.errors import LabError


def test_key_depends_on_where_one_part_ends() -> None:
    assert cache.key_of("ab", "c") != cache.key_of("a", "bc")
    assert cache.key_of("a", b"b") == cache.key_of("a", "b")


def test_key_of_files_sees_content_name_and_mode(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    keys = [cache.key_of_files(tmp_path)]
    file.chmod(0o755)
    keys.append(cache.key_of_files(tmp_path))
    file.write_text("two")
    keys.append(cache.key_of_files(tmp_path))
    file.rename(tmp_path / "b")
    keys.append(cache.key_of_files(tmp_path))
    assert len(set(keys)) == 4


def test_built_makes_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("whole")

    first = cache.built(tmp_path, "key", "thing", make)
    assert cache.built(tmp_path, "key", "thing", make) == first
    assert len(made) == 1
    assert (first / "file").read_text() == "whole"


def test_a_build_that_fails_is_not_taken_for_whole(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise LabError("no network")

    with pytest.raises(LabError):
        cache.built(tmp_path, "key", "thing", fail)
    assert not (tmp_path / "key").exists()

    again = cache.built(tmp_path, "key", "thing", lambda folder: None)
    assert list(again.iterdir()) == []


def test_prune_keeps_what_is_used(tmp_path: Path) -> None:
    for name in ("old", "used"):
        cache.built(tmp_path, name, name, lambda folder: None)
    cache.prune(tmp_path, ["used"])
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["used"]
