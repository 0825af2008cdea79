# SPDX-License-Identifier: Apache-2.0
"""A config drive as a disk with a FAT file system."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping

from nova_xen.images.tools.limits import for_writing
from nova_xen.images.tools.tool import run
from nova_xen.injection.config_drive.iso9660 import LABEL, folders
from nova_xen.model import MIB, DiskFormat

#: Nova's; what planning lets through fits
SIZE = 64 * MIB


def write_vfat(path: str, files: Mapping[str, bytes], *, server: str) -> None:
    """Make a file system of ``files`` in the file that is at ``path``.

    mtools copies from files, so a folder beside ``path`` has them for that time, which
    only root may look into; killed meanwhile it goes with the server's folder.

    :raises NotEnoughDisk, ToolFailed: a tool failed, or is not installed
    """
    doing = "making its config drive"
    folder = os.path.dirname(path)
    os.truncate(path, SIZE)
    limits = for_writing(DiskFormat.RAW, SIZE)
    run(
        *("mkfs.vfat", "-n", LABEL, path),
        server=server,
        doing=doing,
        folder=folder,
        limits=limits,
    )
    with _tree(f"{path}.tree", files) as tops:
        run(
            *("mcopy", "-s", "-i", path, *tops, "::"),
            server=server,
            doing=doing,
            folder=folder,
            limits=limits,
        )


@contextlib.contextmanager
def _tree(root: str, files: Mapping[str, bytes]) -> Iterator[list[str]]:
    """The files below ``root``, which is gone before and after; gives what to copy."""
    shutil.rmtree(root, ignore_errors=True)
    os.mkdir(root, 0o700)
    try:
        for folder in folders(files):
            os.mkdir(os.path.join(root, folder), 0o700)
        for name, data in files.items():
            with open(os.path.join(root, name), "xb") as file:
                file.write(data)
        yield [os.path.join(root, name) for name in sorted(os.listdir(root))]
    finally:
        shutil.rmtree(root, ignore_errors=True)
