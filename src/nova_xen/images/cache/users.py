# SPDX-License-Identifier: Apache-2.0
"""Which bases the disks on this host lie upon, told by the disks themselves.

Every file below the folders of instances is looked at, whatever the folder's name: a
server that is being moved, resized or removed still has its disk somewhere. A base is
known by its file's name, which nothing else has, so that an overlay counts although
the folder of instances was moved or mounted elsewhere.
"""

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator

from nova_xen.images.cache.store import BASE_NAME, FOLDERS
from nova_xen.images.files.host import LOCKS
from nova_xen.images.files.regular import NotRegular, open_regular
from nova_xen.images.inspection.header import Qcow2Header

_NOT_SERVERS = {*FOLDERS.values(), LOCKS}
_JSON = "json:"
_ATTEMPTS = 100
_PAUSE = 0.02


def find_users(instances_path: str) -> dict[str, tuple[str, ...]]:
    """The folders whose disks lie upon each base, by the name of its file.

    :raises OSError: a disk cannot be read, so that nothing is known for certain, or
        folders come and go without end
    """
    for _ in range(_ATTEMPTS):
        try:
            return _look(instances_path)
        except FileNotFoundError:
            # something was renamed after it was listed, perhaps to be missed
            time.sleep(_PAUSE)
    raise OSError(f"the folders in {instances_path} change faster than they are read")


def _look(instances_path: str) -> dict[str, tuple[str, ...]]:
    users: dict[str, set[str]] = {}
    if not os.path.isdir(instances_path):
        return {}
    for folder in sorted(os.listdir(instances_path)):
        if folder in _NOT_SERVERS:
            continue
        for path in _files(os.path.join(instances_path, folder)):
            for base in _bases_below(path):
                users.setdefault(base, set()).add(folder)
    return {base: tuple(sorted(folders)) for base, folders in users.items()}


def _files(path: str) -> Iterator[str]:
    """The regular files below a path, itself perhaps; links are not followed.

    :raises FileNotFoundError: one is gone since its folder was listed
    """
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode):
        yield path
    elif stat.S_ISDIR(mode):
        for name in os.listdir(path):
            yield from _files(os.path.join(path, name))


def _bases_below(path: str) -> set[str]:
    """File names of what an overlay may lie upon; none for any other file."""
    try:
        with open_regular(path) as stream:
            below = Qcow2Header.read(stream).backing_file
    except (ValueError, NotRegular):
        return set()
    if below is None:
        return set()
    # QEMU takes json:, in which a file may stand anywhere and be written with escapes
    return {os.path.basename(below), *BASE_NAME.findall(_unescaped(below))}


def _unescaped(below: str) -> str:
    if below.startswith(_JSON):
        with contextlib.suppress(ValueError):
            return json.dumps(json.loads(below.removeprefix(_JSON)))
    return below
