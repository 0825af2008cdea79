# SPDX-License-Identifier: Apache-2.0
"""Bytes: what is used, what is free, and what certainly does not fit."""

import contextlib
import os

from nova_xen import exceptions
from nova_xen.images.files.mount import file_system
from nova_xen.images.tools.limits import for_writing
from nova_xen.images.tools.tool import run
from nova_xen.model import MIB, DiskFormat, DiskSpace
from nova_xen.planning.file_systems import SHARED

#: st_blocks counts these, whatever the file system's own block is
_BLOCK = 512


def folder_usage(path: str) -> int:
    """Bytes allocated by all files below a folder; 0 when it is not there."""
    return sum(
        allocated(os.path.join(folder, name))
        for folder, folders, names in os.walk(path)
        for name in (*folders, *names)
    )


def allocated(path: str) -> int:
    """Bytes that one file takes on the disk, holes not counted; 0 when gone."""
    try:
        return os.lstat(path).st_blocks * _BLOCK
    except OSError:
        return 0


def disk_space(folder: str) -> DiskSpace:
    """How large the file system of ``folder`` is, or of what it would be made in.

    :raises SpaceUnknown: it cannot be reached, as on a server of files that is gone
    """
    try:
        number = _open_nearest(folder)
        try:
            status, kind = os.fstatvfs(number), file_system(number)
        finally:
            os.close(number)
    except OSError as error:
        why = error.strerror or str(error)
        raise exceptions.SpaceUnknown(folder=folder, why=why) from error
    return DiskSpace(
        path=folder,
        total=status.f_blocks * status.f_frsize,
        used=(status.f_blocks - status.f_bfree) * status.f_frsize,
        free=status.f_bavail * status.f_frsize,
        kind=kind,
        shared=kind in SHARED,
    )


def _open_nearest(folder: str) -> int:
    """Whoever may not list the folder may still ask for its space."""
    path = os.path.abspath(folder)
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        path = os.path.dirname(path)


def require_space(folder: str, need: int, *, server: str) -> None:
    """Refuse at once what certainly does not fit.

    :param need: the least number of bytes that will be written
    :raises NotEnoughDisk: fewer are free for the caller
    """
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if need > free:
        raise exceptions.NotEnoughDisk(
            server=server,
            folder=folder,
            why=f"{-(-need // MIB)} MiB are needed and {free // MIB} MiB are free",
        )


def least_copy(file: os.stat_result, virtual_size: int) -> int:
    """The least bytes a sparse copy of a disk takes, as far as is certain.

    The data of a file with holes is data. A file without holes may be full of zeros,
    which a sparse copy leaves out, so nothing is certain about it.
    """
    taken = file.st_blocks * _BLOCK
    return taken if taken < min(virtual_size, file.st_size) else 0


def preallocate(path: str, size: int, *, server: str) -> None:
    """Take all the space of a disk now, so that it cannot run out of it later.

    What a qcow2 or VHD file has beyond its end is taken as well.

    :param size: bytes of its disk
    :raises NotEnoughDisk: there is less
    :raises ToolFailed: among others, the file system cannot
    """
    run(
        *("fallocate", "--keep-size", "--length", str(size), path),
        server=server,
        doing=f"taking all space of {path}",
        folder=os.path.dirname(path),
        limits=for_writing(DiskFormat.RAW, size),
    )
