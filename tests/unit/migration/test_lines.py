# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

import pytest

from nova_xen.migration import lines
from nova_xen.migration.lines import Lines, last_line
from unit.migration.syncs import Syncs


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", b""),
        (b"half", b"half"),
        (b"one\n", b"one"),
        (b"one\ntwo\n", b"two"),
        (b"one\ntwo\nhal", b"two"),
        (b"one\n\0\0\0", b"one"),
        (b"one\n\n", b""),
    ],
    ids=repr,
)
def test_the_last_line_that_has_an_end_counts(content: bytes, line: bytes) -> None:
    assert last_line(content) == line


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "file"


def test_a_line_is_added_with_one_sync(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, syncs = Lines(), Syncs(path.parent, monkeypatch)
    for line, content, synced in (
        (b"one", b"one\n", ["*", "."]),
        (b"two", b"one\ntwo\n", ["file"]),
        (b"two", b"one\ntwo\n", []),
        (b"one", b"one\ntwo\none\n", ["file"]),
    ):
        kept.keep(str(path), line)
        assert path.read_bytes() == content
        assert syncs.take() == synced


@pytest.mark.parametrize("there", [b"", b"one\nhal", b"one\nanother\n", None], ids=repr)
def test_nothing_is_added_to_what_others_wrote(
    path: pathlib.Path, there: bytes | None
) -> None:
    kept = Lines()
    kept.keep(str(path), b"one")
    if there is None:
        path.unlink()
    else:
        path.write_bytes(there)
    kept.keep(str(path), b"two")
    assert path.read_bytes() == b"two\n"


def test_what_was_removed_is_not_remembered(path: pathlib.Path) -> None:
    kept = Lines()
    kept.keep(str(path), b"one")
    kept.forget(str(path))
    kept.keep(str(path), b"two")
    assert path.read_bytes() == b"two\n"


def test_a_file_does_not_grow_for_ever(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LARGEST", 100)
    kept, sizes = Lines(), set()
    for number in range(40):
        kept.keep(str(path), b"%020d" % number)
        sizes.add(path.stat().st_size)
        assert int(last_line(path.read_bytes())) == number
    assert max(sizes) <= 100


@pytest.mark.parametrize("written", [0, 2, 4])
def test_a_disk_that_is_full_leaves_the_line_before(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    kept = Lines()
    kept.keep(str(path), b"one")

    def full(number: int) -> None:
        os.ftruncate(number, 4 + written)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            kept.keep(str(path), b"two")
    assert last_line(path.read_bytes()) == (b"two" if written == 4 else b"one")
    kept.keep(str(path), b"three")
    assert path.read_bytes() == b"three\n"


def test_no_link_is_followed(path: pathlib.Path) -> None:
    kept = Lines()
    kept.keep(str(path), b"one")
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    kept.keep(str(path), b"two")
    assert elsewhere.read_bytes() == b"one\n"
    assert (path.is_symlink(), path.read_bytes()) == (False, b"two\n")
