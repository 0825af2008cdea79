# SPDX-License-Identifier: Apache-2.0
"""List what is kept, and remove what is not needed."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping

from nova_xen import exceptions
from nova_xen.images.cache.bases import sweep_bases
from nova_xen.images.cache.leftovers import sweep_imports, sweep_records
from nova_xen.images.cache.record import read_record, record_path
from nova_xen.images.cache.store import kept, lock_of, make_folders
from nova_xen.images.cache.users import find_users
from nova_xen.images.files.lock import try_lock
from nova_xen.images.files.part import remove_file
from nova_xen.images.files.space import allocated
from nova_xen.model import CachedImage, CacheKind, ImageOptions, Removal
from nova_xen.planning import decide_removals


def list_cache(instances_path: str) -> tuple[CachedImage, ...]:
    """Every file that is kept, bases first.

    :raises CacheFailed: a disk or a file cannot be read
    """
    with failing(instances_path, "listed"):
        return tuple(look(instances_path, find_users(instances_path)))


def look(
    instances_path: str, users: Mapping[str, tuple[str, ...]]
) -> Iterator[CachedImage]:
    """Every file that is kept, bases first.

    :param users: the folders whose disks lie upon each base
    :raises OSError: one cannot be looked at
    """
    for kind in CacheKind:
        for path in kept(kind, instances_path):
            with contextlib.suppress(FileNotFoundError):
                yield _look_at(kind, path, users)


def _look_at(
    kind: CacheKind, path: str, users: Mapping[str, tuple[str, ...]]
) -> CachedImage:
    name = os.path.basename(path)
    record = read_record(path)
    with _alone(path) as alone:
        return CachedImage(
            kind=kind,
            name=name,
            path=path,
            size=allocated(path),
            last_used=os.stat(path).st_mtime,
            source=record.source,
            checksum=str(record.checksum or ""),
            users=users.get(name, ()),
            busy=not alone,
        )


@contextlib.contextmanager
def _alone(path: str) -> Iterator[bool]:
    """Try to keep everybody else from using a file; tells whether that went well."""
    held = try_lock(lock_of(path))
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def prune_cache(
    instances_path: str,
    options: ImageOptions,
    *,
    everything: bool = False,
    dry_run: bool = False,
) -> tuple[Removal, ...]:
    """Remove what is not in use and old, or above the limit; gives what went.

    :param everything: whatever is not in use, however new
    :param dry_run: remove nothing, tell what would go
    :raises CacheFailed: nothing can be said for certain, or the file system refused
    """
    with failing(instances_path, "pruned"):
        images = tuple(look(instances_path, find_users(instances_path)))
        removals = decide_removals(images, options, time.time(), everything=everything)
        if dry_run:
            return removals
        _touch(image for image in images if image.users)
        gone = remove_unused(instances_path, [removal.image for removal in removals])
        _sweep(instances_path, 0 if everything else options.minimum_age)
        return tuple(each for each in removals if each.image in gone)


def _touch(images: Iterable[CachedImage]) -> None:
    """Their age begins when they were last seen in use."""
    for image in images:
        with contextlib.suppress(FileNotFoundError):
            os.utime(image.path)


def remove_unused(instances_path: str, images: list[CachedImage]) -> list[CachedImage]:
    """Remove those that nobody uses; gives which ones went.

    With the locks held no disk can come to lie upon them, and those that do are found
    by then.

    :raises OSError: nothing can be said for certain, or the file system refused
    """
    with contextlib.ExitStack() as stack:
        held = [image for image in images if stack.enter_context(_alone(image.path))]
        users = find_users(instances_path) if held else {}
        gone = [image for image in held if image.name not in users]
        for image in gone:
            remove_file(image.path)
            remove_file(record_path(image.path))
        return gone


def _sweep(instances_path: str, age: float) -> None:
    sweep_bases(instances_path)
    sweep_imports(instances_path, age)
    sweep_records(instances_path)


@contextlib.contextmanager
def failing(instances_path: str, action: str) -> Iterator[None]:
    """Have errors of the file system told as those of the cache.

    :raises CacheFailed:
    """
    try:
        if os.path.isdir(instances_path):
            for kind in CacheKind:
                make_folders(kind, instances_path)
        yield
    except OSError as error:
        raise failed(instances_path, action, error) from error


def failed(instances_path: str, action: str, error: OSError) -> exceptions.CacheFailed:
    """The error that tells of a failed system call, and of which file."""
    why = error.strerror or str(error)
    if error.filename is not None:
        why = f"{why} ({os.fsdecode(error.filename)})"
    return exceptions.CacheFailed(folder=instances_path, action=action, why=why)
