# SPDX-License-Identifier: Apache-2.0
"""Does every file of a document exist? libxl starts a guest without asking."""

import os
from typing import BinaryIO

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.images.files.regular import open_regular
from nova_xen.images.inspection.header import Qcow2Header
from nova_xen.model import DiskFormat

#: longer chains of backing files than this are a circle
_DEEPEST = 64


def require_files(domain: Domain, server: str) -> None:
    """Check the disks, their backing files, the kernel and the ramdisk.

    :raises FileMissing: one is not there, cannot be read, or is neither a regular
        file nor a block device
    """
    for what, path in (("kernel", domain.os.kernel), ("ramdisk", domain.os.initrd)):
        if path is not None:
            _open(path, what, server).close()
    for disk in domain.devices.disks:
        if disk.source is not None:
            disk_files(disk.source, disk.driver_type, server)


def disk_files(path: str, fmt: str | None, server: str) -> tuple[str, ...]:
    """A disk and the files below it, by the format that is recorded for each.

    :raises FileMissing: as :func:`require_files`
    """
    what = "disk"
    files = [path]
    for _ in range(_DEEPEST):
        with _open(path, what, server) as stream:
            head = (
                _qcow2(stream, path, what, server) if fmt == DiskFormat.QCOW2 else None
            )
        if head is None or head.backing_file is None:
            break
        path = os.path.join(os.path.dirname(path), head.backing_file)
        files.append(path)
        what, fmt = "the backing file of a disk", head.backing_format
    return tuple(files)


def _qcow2(stream: BinaryIO, path: str, what: str, server: str) -> Qcow2Header:
    try:
        return Qcow2Header.read(stream)
    except (ValueError, OSError):
        raise exceptions.FileMissing(
            server=server, what=f"{what} in the format qcow2", path=path
        ) from None


def _open(path: str, what: str, server: str) -> BinaryIO:
    try:
        return open_regular(path, or_block=True)
    except OSError:
        raise exceptions.FileMissing(server=server, what=what, path=path) from None
