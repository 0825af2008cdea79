# SPDX-License-Identifier: Apache-2.0
"""Where a console log is, its end, and following it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.domain import Devices, Serial
from nova_xen.hypervisor import (
    console_log_path,
    console_log_paths,
    discard_xen_console_log,
    follow,
    read_tail,
)

from .conftest import document

FILE = Serial(type="file", source_path="/srv/web1/console.log")
PTY = Serial(type="pty", source_path="/dev/pts/3")


@pytest.mark.parametrize(
    ("serials", "folder", "paths"),
    [
        ((), "/logs", ("/logs/guest-web1.log",)),
        ((PTY,), "/logs", ("/logs/guest-web1.log",)),
        ((FILE,), "/logs", ("/srv/web1/console.log", "/logs/guest-web1.log")),
        ((PTY, FILE), None, ("/srv/web1/console.log",)),
    ],
)
def test_where_it_may_be(
    serials: tuple[Serial, ...], folder: str | None, paths: tuple[str, ...]
) -> None:
    domain = document("web1", devices=Devices(serials=serials))
    assert console_log_paths(domain, folder) == paths
    assert console_log_path(domain, folder) == paths[0]


@pytest.mark.parametrize(
    ("serial", "xen", "chosen"),
    [
        (None, "hvc0 speaks", "xen"),
        ("", "hvc0 speaks", "xen"),
        ("ttyS0 speaks", None, "serial"),
        ("ttyS0 speaks", "", "serial"),
        ("", "", "serial"),
    ],
)
def test_the_log_that_was_written(
    tmp_path: Path, serial: str | None, xen: str | None, chosen: str
) -> None:
    paths = {"serial": tmp_path / "console.log", "xen": tmp_path / "guest-web1.log"}
    for name, text in (("serial", serial), ("xen", xen)):
        if text is not None:
            paths[name].write_text(text)
    port = Serial(type="file", source_path=str(paths["serial"]))
    domain = document("web1", devices=Devices(serials=(port,)))
    found = console_log_path(domain, str(tmp_path))
    assert found == str(paths[chosen])


def test_an_old_log_is_put_away(tmp_path: Path) -> None:
    old = tmp_path / "guest-web1.log"
    old.write_text("words of another guest")
    for _ in range(2):
        discard_xen_console_log(document("web1"), str(tmp_path))
        assert not old.exists()


def test_nowhere() -> None:
    with pytest.raises(exceptions.ConsoleUnavailable, match="Server web1 has no"):
        console_log_path(document("web1"), None)


@pytest.mark.parametrize(
    ("count", "expected"), [(0, b""), (3, b"fgh"), (8, b"abcdefgh"), (9, b"abcdefgh")]
)
def test_the_end(tmp_path: Path, count: int, expected: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"abcdefgh")
    assert read_tail(str(path), count) == expected


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_tail(str(tmp_path / "log"), 10)


Step = Callable[[], object]


def followed(path: Path, steps: list[Step], *, start: int = 0) -> list[bytes]:
    """All that is read while ``steps`` happen, one in each pause; then the end."""
    left: Iterator[Step] = iter(steps)
    done: list[Step] = []

    def wait(_seconds: float) -> None:
        step = next(left)
        step()
        done.append(step)

    def is_alive() -> bool:
        return len(done) < len(steps)

    return list(follow(str(path), is_alive, start=start, wait=wait))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "guest-web1.log"


def append(path: Path, text: bytes) -> Step:
    def step() -> None:
        with path.open("ab") as log:
            log.write(text)

    return step


def test_what_is_there_and_what_comes(log: Path) -> None:
    log.write_bytes(b"old ")
    steps = [append(log, b"one "), lambda: None, append(log, b"two")]
    assert followed(log, steps) == [b"old ", b"one ", b"two"]


def test_from_a_place(log: Path) -> None:
    log.write_bytes(b"0123456789")
    assert followed(log, [append(log, b"ab")], start=7) == [b"789", b"ab"]


def test_a_log_that_comes_later(log: Path) -> None:
    assert followed(log, [lambda: None, append(log, b"boot")]) == [b"boot"]


def test_a_log_that_never_comes(log: Path) -> None:
    assert followed(log, [lambda: None]) == []


def test_a_rotated_log(log: Path) -> None:
    log.write_bytes(b"old")

    def rotate() -> None:
        append(log, b"+last")()
        os.rename(log, f"{log}.1")
        log.write_bytes(b"new")

    assert b"".join(followed(log, [rotate, append(log, b"+more")], start=3)) == (
        b"+lastnew+more"
    )


def test_the_last_words_of_a_log_that_is_rotated_while_it_is_read(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_bytes(b"old")
    old = Path(f"{log}.1")

    def rotate() -> None:
        os.rename(log, old)
        log.write_bytes(b"new")
        monkeypatch.setattr(os.path, "samestat", seen)

    def seen(_now: os.stat_result, _before: os.stat_result) -> bool:
        monkeypatch.undo()
        append(old, b"+last")()
        return False

    assert b"".join(followed(log, [rotate])) == b"old+lastnew"


def test_a_log_moved_away_is_read_until_there_is_another(log: Path) -> None:
    log.write_bytes(b"")
    old = Path(f"{log}.1")
    steps = [lambda: os.rename(log, old), append(old, b"a"), append(log, b"b")]
    assert b"".join(followed(log, steps)) == b"ab"


def test_a_cut_log(log: Path) -> None:
    log.write_bytes(b"long before")
    assert followed(log, [lambda: log.write_bytes(b"short")]) == [
        b"long before",
        b"short",
    ]


def test_a_large_log_comes_in_blocks(log: Path) -> None:
    log.write_bytes(b"x" * 200_000)
    blocks = followed(log, [lambda: None])
    assert len(blocks) > 1
    assert sum(map(len, blocks)) == 200_000


def test_it_can_be_left_early(log: Path) -> None:
    log.write_bytes(b"hello")
    words = follow(str(log), lambda: True)
    assert next(words) == b"hello"
    words.close()  # type: ignore[attr-defined]
    assert list(words) == []
