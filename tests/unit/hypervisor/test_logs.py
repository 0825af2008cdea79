# SPDX-License-Identifier: Apache-2.0
"""Only the lines of one operation, errors first, no secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from nova_xen.hypervisor.logs import LEFT_OUT, MAX_READ, LogMark, log_paths, safe


def mark(*paths: Path) -> LogMark:
    return LogMark.take("web1", paths=lambda name: paths)


def append(path: Path, *lines: str) -> None:
    with path.open("a") as log:
        log.write("".join(f"{line}\n" for line in lines))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "libxl-driver.log"
    append(path, "an error of yesterday")
    return path


def test_the_files_by_name() -> None:
    assert [str(path) for path in log_paths("web1")] == [
        "/var/log/libvirt/libxl/libxl-driver.log",
        "/var/log/libvirt/libxl/web1.log",
        "/var/log/xen/qemu-dm-web1.log",
        "/var/log/xen/xl-web1.log",
    ]


def test_nothing_new(log: Path) -> None:
    assert mark(log).tail() == ()


def test_only_what_was_written_since(log: Path) -> None:
    taken = mark(log)
    append(log, "libxl: error: no bridge br9", "")
    assert taken.tail() == ("libxl-driver.log: libxl: error: no bridge br9",)


def test_errors_first_and_of_all_files(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "qemu-dm-web1.log"
    taken = mark(log, other)
    append(log, "debug: one", "error: two")
    append(other, "starting", "could not open disk")
    assert taken.tail() == (
        "libxl-driver.log: error: two",
        "qemu-dm-web1.log: could not open disk",
        "libxl-driver.log: debug: one",
        "qemu-dm-web1.log: starting",
    )


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1, ["error 2"]),
        (2, ["error 1", "error 2"]),
        (3, ["error 1", "error 2", "plain 2"]),
    ],
)
def test_no_more_lines_than_asked(log: Path, limit: int, expected: list[str]) -> None:
    taken = mark(log)
    append(log, "plain 1", "error 1", "error 2", "plain 2")
    assert taken.tail(limit) == tuple(f"libxl-driver.log: {each}" for each in expected)


def test_a_file_that_was_not_there(tmp_path: Path) -> None:
    path = tmp_path / "new.log"
    taken = mark(path)
    assert taken.tail() == ()
    append(path, "failed")
    assert taken.tail() == ("new.log: failed",)


def test_a_rotated_file_is_read_from_its_beginning(log: Path) -> None:
    taken = mark(log)
    log.rename(log.with_suffix(".log.1"))
    line = "a much longer first line of the new file, with an error"
    append(log, line)
    assert taken.tail() == (f"libxl-driver.log: {line}",)


def test_a_cut_file_is_read_from_its_beginning(log: Path) -> None:
    taken = mark(log)
    log.write_text("error\n")
    assert taken.tail() == ("libxl-driver.log: error",)


def test_a_file_that_went_away(log: Path) -> None:
    taken = mark(log)
    log.unlink()
    assert taken.tail() == ()


def test_only_the_end_of_a_huge_growth_is_read(log: Path) -> None:
    taken = mark(log)
    append(log, "error early", "x" * MAX_READ, "error late")
    assert taken.tail(1) == ("libxl-driver.log: error late",)
    assert not any("early" in line for line in taken.tail())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("vncpasswd=hush", LEFT_OUT),
        ('{"password": "hush"}', LEFT_OUT),
        ("VNC Password hush", LEFT_OUT),
        ('"secret": "hush"', LEFT_OUT),
        ("-vnc :0,password=on: no DES", "-vnc :0,password=on: no DES"),
        ("-vnc :0,password=on,passwd=hush", LEFT_OUT),
        ("password=once", LEFT_OUT),
        ("passthrough failed", "passthrough failed"),
        ("red \x1b[31malert\x07\t!", "red [31malert\t!"),
    ],
)
def test_lines_are_safe_to_show(line: str, shown: str) -> None:
    assert safe(line) == shown


def test_bytes_that_are_no_text(log: Path) -> None:
    taken = mark(log)
    with log.open("ab") as file:
        file.write(b"error \xff\xfe\n")
    assert taken.tail() == ("libxl-driver.log: error \ufffd\ufffd",)
