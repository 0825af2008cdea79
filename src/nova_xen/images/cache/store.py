# SPDX-License-Identifier: Apache-2.0
"""Where the images that a host keeps lie, and the lock of each.

Order of the locks: whoever uses a file shares its lock, from before it looks whether
the file is there until the disk that lies upon it has its final name. Whoever removes
one takes the lock alone, without waiting, and looks for disks upon it only then. So
at any moment a base is locked, or the disks upon it can be found, or nobody wants it.
Nobody takes a second lock while it waits for one.
"""

import os
import re

from nova_xen.images.files.host import LOCKS
from nova_xen.model import CacheKind

#: beside the folders of instances, by Nova's names where it has them
FOLDERS = {CacheKind.BASE: "_base", CacheKind.IMPORT: "_imports"}
_MODE = 0o711
_NAME = re.compile(r"[0-9a-f]{64}\.(raw|qcow2|image)")
#: as it stands within a longer text
BASE_NAME = re.compile(r"[0-9a-f]{64}\.(?:raw|qcow2)")


def folder_of_kind(kind: CacheKind, instances_path: str) -> str:
    """The folder with the files of a kind."""
    return os.path.join(instances_path, FOLDERS[kind])


def make_folders(kind: CacheKind, instances_path: str) -> None:
    """Make what must be there before a file of this kind is locked."""
    for folder in (FOLDERS[kind], LOCKS):
        os.makedirs(os.path.join(instances_path, folder), mode=_MODE, exist_ok=True)


def lock_of(path: str) -> str:
    """The lock of a base or an import."""
    folder, name = os.path.split(path)
    instances_path, kind = os.path.split(folder)
    return os.path.join(
        instances_path, LOCKS, f"nova-xen-{kind.strip('_')}-{os.path.splitext(name)[0]}"
    )


def kept(kind: CacheKind, instances_path: str) -> list[str]:
    """Paths of the whole files of a kind, by name."""
    folder = folder_of_kind(kind, instances_path)
    return [
        os.path.join(folder, name) for name in names(folder) if _NAME.fullmatch(name)
    ]


def names(folder: str) -> list[str]:
    """The regular files in a folder, sorted; nothing when it is not there.

    All that is written here is one; what else came into the folder is left alone.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(e.name for e in found if e.is_file(follow_symlinks=False))
    except FileNotFoundError:
        return []


def is_import(path: str, instances_path: str) -> bool:
    """Whether a file was downloaded: its name then stands for its content."""
    folder, name = os.path.split(os.path.abspath(path))
    own = os.path.abspath(folder_of_kind(CacheKind.IMPORT, instances_path))
    return folder == own and _NAME.fullmatch(name) is not None
