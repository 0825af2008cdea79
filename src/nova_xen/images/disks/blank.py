# SPDX-License-Identifier: Apache-2.0
"""Disks without an image: an empty file system and a swap area, on raw files."""

import os

from nova_xen.images.tools.limits import Limits, for_writing
from nova_xen.images.tools.tool import run
from nova_xen.model import DiskFormat

#: cloud-init and Nova's guests look for this label
EPHEMERAL_LABEL = "ephemeral0"


def make_filesystem(path: str, *, server: str) -> None:
    """Make ext4 on a raw file that is all holes.

    Left lazy, mkfs writes no zeros for the journal and the inodes, which are holes.

    :raises NotEnoughDisk, ToolFailed: the file is too small, among others
    """
    run(
        *("mkfs.ext4", "-q", "-F", "-L", EPHEMERAL_LABEL),
        *("-E", "lazy_itable_init=1,lazy_journal_init=1"),
        path,
        server=server,
        doing="making the file system of the ephemeral disk",
        folder=os.path.dirname(path),
        limits=_limits(path),
    )


def make_swap(path: str, *, server: str) -> None:
    """Make a swap area of a raw file.

    :raises NotEnoughDisk, ToolFailed: the file is below 40 KiB, among others
    """
    run(
        *("mkswap", path),
        server=server,
        doing="making the swap disk",
        folder=os.path.dirname(path),
        limits=_limits(path),
    )


def _limits(path: str) -> Limits:
    return for_writing(DiskFormat.RAW, os.path.getsize(path))
