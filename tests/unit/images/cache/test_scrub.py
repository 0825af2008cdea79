# SPDX-License-Identifier: Apache-2.0
import errno
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import ensure_base, list_cache, scrub_cache
from nova_xen.images.cache import scrub
from nova_xen.images.cache.digest import record_sum, sum_file
from nova_xen.images.cache.record import read_record
from nova_xen.images.cache.store import lock_of
from nova_xen.images.files.lock import try_lock
from nova_xen.model import MIB, Checksum, DiskFormat, ScrubResult
from unit.images.cache.conftest import make_server
from unit.images.conftest import UUID
from unit.images.sums import finish_sums

QCOW2 = DiskFormat.QCOW2
SIZE = MIB
Image = Callable[..., pathlib.Path]


@pytest.fixture
def another(base: pathlib.Path, image: Image, instances_path: str) -> pathlib.Path:
    """A second base, whichever is read first."""
    made = ensure_base(
        str(image(QCOW2, SIZE)), QCOW2, "y", instances_path=instances_path, server="a"
    )
    finish_sums()
    return pathlib.Path(made)


def _results(instances_path: str) -> dict[str, ScrubResult]:
    return {each.image.name: each.result for each in scrub_cache(instances_path)}


def _fail(monkeypatch: pytest.MonkeyPatch, path: pathlib.Path, number: int) -> None:
    """Have the disk fail when a file is summed."""

    def fail(each: str, *args: Any, **options: Any) -> Checksum:
        if each == str(path):
            raise OSError(number, os.strerror(number), each)
        return sum_file(each, *args, **options)

    monkeypatch.setattr(scrub, "sum_file", fail)


def _damage(path: pathlib.Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(5)
        stream.write(b"damage")


def test_what_is_intact_is_told(base: pathlib.Path, instances_path: str) -> None:
    (found,) = scrub_cache(instances_path)
    assert found.result is ScrubResult.INTACT
    assert not found.damaged


def test_a_checksum_that_is_missing_is_recorded(
    base: pathlib.Path, instances_path: str
) -> None:
    """Which is told as such: nothing was compared."""
    expected = read_record(str(base)).checksum
    pathlib.Path(f"{base}.json").unlink()
    assert _results(instances_path) == {base.name: ScrubResult.RECORDED}
    assert read_record(str(base)).checksum == expected
    assert _results(instances_path) == {base.name: ScrubResult.INTACT}


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_what_is_damaged_is_removed(
    base: pathlib.Path, instances_path: str, algorithm: str
) -> None:
    size = {"sha256": 64, "sha512": 128}[algorithm]
    record_sum(str(base), Checksum.of(algorithm, "0" * size))
    (found,) = scrub_cache(instances_path)
    assert found.result is ScrubResult.REMOVED
    assert found.damaged
    assert list_cache(instances_path) == ()


def test_damage_below_a_server_is_told(
    base: pathlib.Path, image: Image, folder: pathlib.Path, instances_path: str
) -> None:
    make_server(image(QCOW2, SIZE), folder)
    _damage(base)
    (found,) = scrub_cache(instances_path)
    assert found.result is ScrubResult.DAMAGED
    assert found.image.users == (UUID,)
    assert base.exists()


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("number", [errno.EIO, errno.EUCLEAN, errno.ENODATA])
def test_what_the_disk_does_not_give_back_is_damaged(
    base: pathlib.Path,
    another: pathlib.Path,
    image: Image,
    folder: pathlib.Path,
    instances_path: str,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    used: bool,
) -> None:
    """And the others are read all the same."""
    if used:
        make_server(image(QCOW2, SIZE), folder)
    _fail(monkeypatch, base, number)
    assert _results(instances_path) == {
        base.name: ScrubResult.DAMAGED if used else ScrubResult.REMOVED,
        another.name: ScrubResult.INTACT,
    }
    assert base.exists() == used


def test_what_cannot_be_read_for_another_reason_is_told_at_the_end(
    base: pathlib.Path,
    another: pathlib.Path,
    instances_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fail(monkeypatch, base, errno.EACCES)
    _damage(another)
    words = rf"cannot be checked: Permission denied \({base}\)"
    with pytest.raises(exceptions.CacheFailed, match=words) as caught:
        scrub_cache(instances_path)
    assert caught.value.details == (f"base {another.name}: damaged, removed",)
    assert base.exists()
    assert not another.exists()


def test_when_the_users_are_not_known_all_is_read_and_nothing_removed(
    base: pathlib.Path,
    another: pathlib.Path,
    folder: pathlib.Path,
    instances_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server's disk lies on the same broken disk, perhaps."""
    (folder / "disk").touch()

    def fail(path: str) -> None:
        raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr("nova_xen.images.cache.users.open_regular", fail)
    _damage(another)
    with pytest.raises(exceptions.CacheFailed, match="Input/output error") as caught:
        scrub_cache(instances_path)
    assert caught.value.details == (f"base {another.name}: damaged, in use",)
    assert base.exists()
    assert another.exists()


def test_nobody_can_put_another_file_in_its_place_meanwhile(
    base: pathlib.Path, instances_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[int | None] = []

    def look(path: str, *args: Any, **options: Any) -> Checksum:
        alone.append(try_lock(lock_of(path)))
        return sum_file(path, *args, **options)

    monkeypatch.setattr(scrub, "sum_file", look)
    assert _results(instances_path) == {base.name: ScrubResult.INTACT}
    assert alone == [None]


def test_what_goes_meanwhile_is_passed_by(
    base: pathlib.Path,
    another: pathlib.Path,
    instances_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fail(monkeypatch, base, errno.ENOENT)
    assert _results(instances_path) == {another.name: ScrubResult.INTACT}
