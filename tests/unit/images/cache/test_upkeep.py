# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import list_cache, prune_cache, scrub_cache
from nova_xen.images.cache import upkeep
from nova_xen.images.cache.bases import held_base
from nova_xen.images.cache.digest import sum_file
from nova_xen.images.cache.store import lock_of
from nova_xen.images.cache.users import find_users
from nova_xen.images.files.lock import locked
from nova_xen.images.tools import qemu_img
from nova_xen.model import MIB, CacheKind, DiskFormat, ImageOptions, Removal
from nova_xen.planning import decide_removals
from unit.images.cache.conftest import make_server, wait_until
from unit.images.conftest import UUID
from unit.images.sums import finish_sums

RAW, QCOW2 = DiskFormat.RAW, DiskFormat.QCOW2
SIZE = MIB
DAY = 24 * 3600
Image = Callable[..., pathlib.Path]


def _age(path: pathlib.Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_what_is_kept_is_listed(
    base: pathlib.Path, image: Image, folder: pathlib.Path, instances_path: str
) -> None:
    make_server(image(QCOW2, SIZE), folder)
    (found,) = list_cache(instances_path)
    assert (found.kind, found.name, found.users) == (CacheKind.BASE, base.name, (UUID,))
    assert found.size == base.stat().st_blocks * 512
    assert found.source.endswith("image.qcow2")
    assert found.checksum == f"sha256:{sum_file(str(base)).value}"
    assert abs(found.last_used - time.time()) < 60
    assert not found.busy
    assert found.used


def test_nothing_is_kept(tmp_path: pathlib.Path) -> None:
    assert list_cache(str(tmp_path / "no")) == ()
    assert prune_cache(str(tmp_path / "no"), ImageOptions()) == ()
    assert scrub_cache(str(tmp_path / "no")) == ()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("age", "everything", "dry_run", "left"),
    [
        (0, False, False, True),
        (DAY - 100, False, False, True),
        (DAY + 100, False, False, False),
        (DAY + 100, False, True, True),
        (0, True, False, False),
        (0, True, True, True),
    ],
)
def test_an_unused_base_goes_with_age(
    base: pathlib.Path,
    instances_path: str,
    age: int,
    everything: bool,
    dry_run: bool,
    left: bool,
) -> None:
    _age(base, age)
    gone = prune_cache(
        instances_path, ImageOptions(), everything=everything, dry_run=dry_run
    )
    assert base.exists() == left
    assert [each.image.name for each in gone] == (
        [base.name] if dry_run or not left else []
    )
    if not left:
        assert os.listdir(base.parent) == []


@pytest.mark.parametrize(
    "where", [UUID, f".{UUID}.removing", f"{UUID}_resize", f"{UUID}/deep/below"]
)
def test_a_base_in_use_stays_wherever_the_disk_is(
    base: pathlib.Path,
    image: Image,
    folder: pathlib.Path,
    instances_path: str,
    where: str,
) -> None:
    make_server(image(QCOW2, SIZE), folder)
    target = pathlib.Path(instances_path, where)
    if where != UUID:
        target.mkdir(parents=True)
        (folder / "disk").rename(target / "disk.other")
    _age(base, 9 * DAY)
    assert prune_cache(instances_path, ImageOptions(), everything=True) == ()
    assert base.exists()
    # its age begins anew, as long as it is seen in use
    assert time.time() - base.stat().st_mtime < 60


@pytest.mark.parametrize("fmt", [RAW, QCOW2])
def test_a_base_of_either_format_is_found_in_use(
    image: Image, folder: pathlib.Path, instances_path: str, fmt: DiskFormat
) -> None:
    make_server(image(QCOW2, SIZE), folder, cache_format=fmt)
    (found,) = list_cache(instances_path)
    assert found.name.endswith(f".{fmt}")
    assert found.users == (UUID,)
    assert prune_cache(instances_path, ImageOptions(), everything=True) == ()
    assert qemu_img.corruptions(str(folder / "disk"), server="a") == 0


def test_a_base_that_a_process_works_with_stays(
    base: pathlib.Path, instances_path: str
) -> None:
    with locked(lock_of(str(base)), shared=True):
        (found,) = list_cache(instances_path)
        assert found.busy
        assert prune_cache(instances_path, ImageOptions(), everything=True) == ()
    assert len(prune_cache(instances_path, ImageOptions(), everything=True)) == 1


def test_the_limit_takes_what_was_unused_for_longest(
    image: Image, instances_path: str
) -> None:
    path, bases = str(image(QCOW2, SIZE)), []
    for number in range(3):
        with held_base(
            path, QCOW2, str(number), instances_path=instances_path, server="a"
        ) as base:
            bases.append(pathlib.Path(base))
        _age(bases[-1], 100 * (3 - number))
    finish_sums()
    size = bases[0].stat().st_blocks * 512
    options = ImageOptions(cache_limit=2 * size, minimum_age=DAY)
    (gone,) = prune_cache(instances_path, options)
    assert gone.image.name == bases[0].name
    assert [base.exists() for base in bases] == [False, True, True]


def test_a_disk_that_cannot_be_read_keeps_everything(
    base: pathlib.Path,
    folder: pathlib.Path,
    instances_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "disk").touch()

    def deny(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("nova_xen.images.cache.users.open_regular", deny)
    with pytest.raises(exceptions.CacheFailed, match="pruned: Permission denied"):
        prune_cache(instances_path, ImageOptions(), everything=True)
    assert base.exists()


def test_a_folder_that_moves_while_it_is_looked_for_is_not_missed(
    base: pathlib.Path,
    image: Image,
    folder: pathlib.Path,
    instances_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_server(image(QCOW2, SIZE), folder)
    listed = os.listdir

    def move(path: str) -> list[str]:
        names = listed(path)
        if path == instances_path and folder.exists():
            folder.rename(f"{folder}_resize")
        return names

    monkeypatch.setattr(os, "listdir", move)
    assert find_users(instances_path) == {base.name: (f"{UUID}_resize",)}


def test_links_and_guests_disks_lead_nowhere(
    base: pathlib.Path, folder: pathlib.Path, instances_path: str
) -> None:
    """A guest can write any header into a raw disk: its own base it may keep."""
    (folder / "loop").symlink_to(instances_path)
    (folder / "away").symlink_to("/")
    os.mkfifo(folder / "fifo")
    (folder / "disk").write_bytes(b"QFI\xfb\0\0\0\3" + bytes(4))
    assert find_users(instances_path) == {}
    assert len(prune_cache(instances_path, ImageOptions(), everything=True)) == 1


def test_leftovers_go_when_they_are_old(
    base: pathlib.Path, instances_path: str
) -> None:
    folder = pathlib.Path(instances_path, "_imports")
    folder.mkdir()
    old, new = folder / f"{'a' * 64}.image.part", folder / f"{'b' * 64}.image.part"
    orphan = folder / f"{'c' * 64}.image.json"
    for path in (old, new, orphan, pathlib.Path(f"{old}.json")):
        path.touch()
    _age(old, 2 * DAY)
    _age(orphan, 2 * DAY)
    with locked(lock_of(str(old).removesuffix(".part"))):
        prune_cache(instances_path, ImageOptions())
        assert old.exists()
    prune_cache(instances_path, ImageOptions())
    assert os.listdir(folder) == [new.name]


def test_what_does_not_belong_there_hurts_nobody(
    base: pathlib.Path, instances_path: str, image: Image
) -> None:
    """Folders, links and fifos by the names of what is kept, of parts and records."""
    folders = (
        pathlib.Path(instances_path, "_base"),
        pathlib.Path(instances_path, "_imports"),
    )
    folders[1].mkdir()
    odd = []
    for folder in folders:
        for name in (
            *(f"{'a' * 64}.raw", f"{'b' * 64}.image", f".{'c' * 64}.raw.part"),
            *(f"{'d' * 64}.image.part", ".x.json.y.new", f"{'e' * 64}.raw.json"),
        ):
            odd.append(folder / name)
            odd[-1].mkdir()
            _age(odd[-1], 9 * DAY)
        odd.append(folder / f"{'f' * 64}.raw")
        odd[-1].symlink_to(base)
        odd.append(folder / f"{'0' * 64}.qcow2")
        os.mkfifo(odd[-1])
    assert [each.name for each in list_cache(instances_path)] == [base.name]
    assert [each.image.name for each in scrub_cache(instances_path)] == [base.name]
    with held_base(
        str(image(QCOW2, SIZE)), QCOW2, "x", instances_path=instances_path, server="a"
    ):
        pass
    (gone,) = prune_cache(instances_path, ImageOptions(), everything=True)
    assert gone.image.name == base.name
    assert all(os.path.lexists(path) for path in odd)


_BUILD = """
import os, sys, uuid
from nova_xen.images import make_disk
from nova_xen.images.inspection.header import Qcow2Header
from nova_xen.model import DiskFormat, DiskKind, DiskPlan
instances, image, rounds = sys.argv[1:]
for number in range(int(rounds)):
    folder = os.path.join(instances, str(uuid.uuid4()))
    os.mkdir(folder)
    plan = DiskPlan(kind=DiskKind.ROOT, path=folder + "/disk", format=DiskFormat.QCOW2,
                    size=1024**2, base=image, base_format=DiskFormat.QCOW2,
                    overlay=True)
    make_disk(plan, server="a", instances_path=instances, image_id="x")
    with open(plan.path, "rb") as disk:
        assert os.path.exists(Qcow2Header.read(disk).backing_file)
    if number % 2:
        os.unlink(folder + "/disk")
        os.rmdir(folder)
"""

_PRUNE = """
import sys
from nova_xen.images import prune_cache
from nova_xen.model import ImageOptions
instances, until = sys.argv[1:]
import os
removed = 0
while not os.path.exists(until):
    removed += len(prune_cache(instances, ImageOptions(), everything=True))
print(removed)
"""


def _start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_builders_and_pruners_race_and_no_disk_loses_its_base(
    image: Image, instances_path: str, tmp_path: pathlib.Path
) -> None:
    """Real processes: each base is removed and made again many times meanwhile."""
    path, until = image(QCOW2, SIZE), tmp_path / "until"
    pruning = [_start(_PRUNE, instances_path, until) for _ in range(2)]
    building = [_start(_BUILD, instances_path, path, 6) for _ in range(3)]
    for process in building:
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 0, said
    disks = list(pathlib.Path(instances_path).glob("*/disk"))
    assert len(disks) == 9
    for disk in disks:
        below = qemu_img.info(str(disk), QCOW2, server="a").backing_file
        assert below is not None
        assert os.path.exists(below), f"{disk} has lost its base"
    until.touch()
    for process in pruning:
        told, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert told.strip().isdecimal()


@pytest.mark.parametrize("complete", [False, True])
def test_a_server_that_comes_after_the_decision_keeps_its_base(
    base: pathlib.Path,
    image: Image,
    folder: pathlib.Path,
    instances_path: str,
    tmp_path: pathlib.Path,
    fake_qemu_img: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    complete: bool,
) -> None:
    """Its disk is being made, or has just been made, when the removal begins."""
    path, started, fifo = image(QCOW2, SIZE), tmp_path / "started", tmp_path / "fifo"
    os.mkfifo(fifo)
    fake_qemu_img(
        f"""
        case "$*" in
        create*_base*) touch {started}; read nothing < {fifo};;
        esac
        exec $REAL "$@"
        """
    )
    building = threading.Thread(target=make_server, args=(path, folder))

    def decide(*args: Any, **options: Any) -> tuple[Removal, ...]:
        decided = decide_removals(*args, **options)
        building.start()
        wait_until(started.exists)
        if complete:
            fifo.write_text("\n")
            building.join(30)
        return decided

    monkeypatch.setattr(upkeep, "decide_removals", decide)
    assert prune_cache(instances_path, ImageOptions(), everything=True) == ()
    if not complete:
        fifo.write_text("\n")
        building.join(30)
    assert find_users(instances_path) == {base.name: (UUID,)}
    assert base.exists()
