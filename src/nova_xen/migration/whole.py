# SPDX-License-Identifier: Apache-2.0
"""Files that are there whole or not at all, and folders that outlive a power cut.

Whoever reads sees the old content or the new one, for a rename is atomic however the
process that writes ends. A power cut is another matter: what must outlive that is
synced, file and folder, and each sync costs a wait for the disk. So who writes says
whether it must.
"""

import contextlib
import os
import tempfile

from nova_xen.images.files.part import sync
from nova_xen.images.files.regular import open_regular

#: the end of the name of a file that is still being written
NEW = ".new"


def make_folder(path: str) -> None:
    """Make a folder for its owner alone, and those above it; on the disk on return.

    :raises OSError: the file system refused
    """
    if os.path.isdir(path):
        return
    above = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(above):
        _make_above(above)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    sync(above)


def _make_above(path: str) -> None:
    above = os.path.dirname(path)
    if not os.path.isdir(above):
        _make_above(above)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)
    sync(above)


def write_new(path: str, content: bytes) -> None:
    """Write a file that is not there yet; its content is on the disk on return.

    :raises FileExistsError:
    :raises OSError: the file system refused
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def content_of(path: str, largest: int) -> bytes:
    """What is in a file of at most ``largest`` bytes, behind no link.

    :raises ValueError: it is a link or has more
    :raises OSError: it is not there, no file, or not readable
    """
    if os.path.islink(path):
        raise ValueError("it is a link")
    with open_regular(path) as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"it has more than {largest} bytes")
    return content


def replace(path: str, content: bytes, *, durable: bool, mode: int = 0o600) -> None:
    """Write or replace a file.

    :param durable: it outlives a power cut from the return on; else the kernel writes
        it when it likes, and a power cut may leave an older content or none
    :raises OSError: the file system refused
    """
    folder, name = os.path.split(os.path.abspath(path))
    number, new = tempfile.mkstemp(prefix=f".{name}.", suffix=NEW, dir=folder)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(number, mode)
            if durable:
                os.fsync(number)
        os.rename(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise
    if durable:
        sync(folder)
