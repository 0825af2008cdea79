# SPDX-License-Identifier: Apache-2.0
"""The checksum of a new base comes, is its own, and costs a short command a moment."""

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from nova_xen.images.cache import digest
from nova_xen.images.cache.digest import (
    record_sum,
    record_sum_later,
    sum_file,
    sum_open,
)
from nova_xen.images.cache.record import read_record
from nova_xen.images.cache.store import lock_of, make_folders
from nova_xen.images.files.lock import locked, try_lock
from nova_xen.model import CacheKind, Checksum
from unit.images.cache.conftest import wait_until

#: makes a base, has its sum take some seconds, and ends
_SHORT = """
import sys, time
from nova_xen.images import ensure_base
from nova_xen.images.cache import digest
from nova_xen.model import DiskFormat

image, instances, seconds = sys.argv[1:]
summed = digest.sum_stream


def slowly(*args, **options):
    time.sleep(float(seconds))
    return summed(*args, **options)


digest.sum_stream = slowly
base = ensure_base(image, DiskFormat.RAW, instances_path=instances, server="a")
print(base, flush=True)
"""


def _run(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _SHORT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_signals,
    )


def _hear_signals() -> None:
    """As at a terminal: what runs in the background may have been told to ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_short_command_waits_for_the_sum(
    pattern: Callable[..., pathlib.Path], instances_path: str
) -> None:
    process = _run(pattern(4096), instances_path, 0.5)
    told, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    base = told.strip()
    assert read_record(base).checksum == sum_file(base)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_does_not_want_to_wait_interrupts(
    pattern: Callable[..., pathlib.Path], instances_path: str, number: signal.Signals
) -> None:
    process = _run(pattern(4096), instances_path, 60)
    assert process.stdout is not None
    assert process.stderr is not None
    base = process.stdout.readline().strip()
    time.sleep(0.3)
    process.send_signal(number)
    process.wait(30)
    assert process.stderr.read() == ""
    assert os.path.exists(base)
    assert read_record(base).checksum is None


@pytest.fixture
def base(instances_path: str) -> pathlib.Path:
    make_folders(CacheKind.BASE, instances_path)
    path = pathlib.Path(instances_path, "_base", f"{'a' * 64}.raw")
    path.write_bytes(b"one")
    return path


def test_a_sum_that_comes_late_is_not_another_ones(base: pathlib.Path) -> None:
    with locked(lock_of(str(base))):
        thread = record_sum_later(str(base))
        new = base.with_suffix(".new")
        new.write_bytes(b"two")
        new.rename(base)
    thread.join()
    assert read_record(str(base)).checksum is None


def test_a_sum_of_what_was_replaced_by_hand_is_not_kept(
    base: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock, in the midst of it."""
    summed = digest.sum_open

    def replace(*args: object, **options: object) -> Checksum:
        found = summed(*args, **options)  # type: ignore[arg-type]
        new = base.with_suffix(".new")
        new.write_bytes(b"two")
        new.rename(base)
        return found

    monkeypatch.setattr(digest, "sum_open", replace)
    record_sum_later(str(base)).join()
    assert read_record(str(base)).checksum is None


def test_what_a_scrub_has_recorded_stays(base: pathlib.Path) -> None:
    told = Checksum.of("sha512", "1" * 128)
    with locked(lock_of(str(base))):
        thread = record_sum_later(str(base))
        record_sum(str(base), told)
    thread.join()
    assert read_record(str(base)).checksum == told


def test_nobody_removes_a_base_while_it_is_summed(
    base: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[int | None] = []
    summed = digest.sum_open

    def look(*args: object, **options: object) -> Checksum:
        alone.append(try_lock(lock_of(str(base))))
        return summed(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(digest, "sum_open", look)
    record_sum_later(str(base)).join()
    assert alone == [None]
    wait_until(lambda: read_record(str(base)).checksum == sum_file(str(base)))


def test_a_stream_stays_where_it_stands(base: pathlib.Path) -> None:
    base.write_bytes(b"0123456789" * 2000)
    with base.open("rb") as stream:
        assert stream.read(3) == b"012"
        assert sum_open(stream, doing="") == sum_file(str(base))
        assert stream.read(3) == b"345"
        assert len(stream.read()) == 20000 - 6
        stream.seek(0)
        assert stream.read(3) == b"012"
