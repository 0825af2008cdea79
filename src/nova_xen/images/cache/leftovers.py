# SPDX-License-Identifier: Apache-2.0
"""What dead processes left beside the files that are kept."""

import os
import time

from nova_xen.images.cache.record import SUFFIX, record_path
from nova_xen.images.cache.store import folder_of_kind, lock_of, names
from nova_xen.images.files.lock import try_lock
from nova_xen.images.files.part import remove_file
from nova_xen.model import CacheKind

#: of an import that is not whole, and of what is known about it
PART = ".part"


def sweep_imports(instances_path: str, age: float) -> None:
    """Remove downloads that nobody has gone on with.

    :param age: seconds since the last byte came
    :raises OSError: the file system refused
    """
    folder = folder_of_kind(CacheKind.IMPORT, instances_path)
    for name in names(folder):
        if not name.endswith(PART):
            continue
        part = os.path.join(folder, name)
        held = try_lock(lock_of(part.removesuffix(PART)))
        if held is None:
            continue
        try:
            if _age(part) >= age:
                remove_file(part)
                remove_file(record_path(part))
        finally:
            os.close(held)


def _age(path: str) -> float:
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:
        return 0


def sweep_records(instances_path: str) -> None:
    """Remove what is known of files that are gone, and records half written.

    :raises OSError: the file system refused
    """
    for kind in CacheKind:
        folder = folder_of_kind(kind, instances_path)
        for name in names(folder):
            path = os.path.join(folder, name)
            if name.endswith(".new") or _is_orphan(path):
                _remove_old(path)


def _is_orphan(path: str) -> bool:
    return path.endswith(SUFFIX) and not os.path.exists(path.removesuffix(SUFFIX))


def _remove_old(path: str, age: float = 3600) -> None:
    """A record is written before its file is there, and may be written just now."""
    if _age(path) >= age:
        remove_file(path)
