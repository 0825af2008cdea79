# SPDX-License-Identifier: Apache-2.0
"""Checksums of files, in constant memory.

1.7 GiB a second of SHA-256 on a processor that has instructions for it, where qemu-img
makes 2.5: too much to wait for before the first server, so a new base is summed by a
thread of low priority while its server goes on. A short command has done its work by
then and waits for the sum before it ends; when it is ended before, the first scrub
records what it finds.
"""

import atexit
import contextlib
import dataclasses
import hashlib
import logging
import os
import threading
from typing import BinaryIO

from nova_xen.images.cache.record import read_record, write_record
from nova_xen.images.cache.store import lock_of
from nova_xen.images.files.lock import locked
from nova_xen.images.files.regular import open_regular
from nova_xen.images.progress import Progress, no_progress
from nova_xen.model import MIB, Checksum, HashAlgorithm

LOG = logging.getLogger(__name__)
_CHUNK = MIB
_LOWEST = 19
_THREAD = "sum of a base"


class Hasher:
    """Sums bytes as they come."""

    def __init__(self, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> None:
        self._algorithm = algorithm
        self._sum = hashlib.new(algorithm, usedforsecurity=True)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Go on with ``data``."""
        self._sum.update(data)

    def checksum(self) -> Checksum:
        """The checksum so far."""
        return Checksum(self._algorithm, self._sum.hexdigest())


def sum_stream(
    stream: BinaryIO, hasher: Hasher, *, doing: str, progress: Progress = no_progress
) -> int:
    """Sum a file from where it stands to its end; gives how many bytes there were."""
    whole = os.fstat(stream.fileno()).st_size
    buffer = memoryview(bytearray(_CHUNK))
    done = 0
    while count := os.readv(stream.fileno(), [buffer]):
        hasher.update(buffer[:count])
        done += count
        progress(doing, min(done / max(whole, 1), 1.0))
    return done


def sum_open(
    stream: BinaryIO,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    doing: str,
    progress: Progress = no_progress,
) -> Checksum:
    """The checksum of an open file, from its beginning; it stays where it stands.

    :raises OSError: it cannot be read
    """
    hasher, number = Hasher(algorithm), stream.fileno()
    stands = os.lseek(number, 0, os.SEEK_CUR)
    os.lseek(number, 0, os.SEEK_SET)
    try:
        sum_stream(stream, hasher, doing=doing, progress=progress)
    finally:
        # the stream does not know that its file was read below it
        os.lseek(number, stands, os.SEEK_SET)
    return hasher.checksum()


def sum_file(
    path: str,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    *,
    progress: Progress = no_progress,
) -> Checksum:
    """The checksum of a file.

    :raises OSError: it cannot be read, or is no regular file
    """
    with open_regular(path) as stream:
        return sum_open(stream, algorithm, doing=f"checking {path}", progress=progress)


def record_sum(path: str, checksum: Checksum) -> None:
    """Keep the checksum of a file beside it.

    :raises OSError: the file system refused
    """
    write_record(path, dataclasses.replace(read_record(path), checksum=checksum))


def record_sum_later(path: str) -> threading.Thread:
    """Sum a base beside what this process does else, and keep the checksum.

    To be called by its maker, who is alone with it.

    :raises OSError: it is not there
    """
    thread = threading.Thread(
        target=_record_quietly,
        args=(path, os.stat(path).st_ino),
        name=_THREAD,
        daemon=True,
    )
    thread.start()
    return thread


@atexit.register
def _finish_sums() -> None:
    """Let no base be without its sum because a command was short; Ctrl-C ends it."""
    with contextlib.suppress(KeyboardInterrupt):
        for thread in threading.enumerate():
            if thread.name == _THREAD:
                LOG.info("Waiting for the checksum of a new base")
                thread.join()


def _record_quietly(path: str, inode: int) -> None:
    with contextlib.suppress(OSError):
        # Linux takes it for this thread alone
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)
    try:
        # nobody removes the base meanwhile, so that the sum is that of no other one
        with locked(lock_of(path), shared=True), open_regular(path) as stream:
            checksum = sum_open(stream, doing=f"checking {path}")
            if os.stat(path).st_ino == inode and read_record(path).checksum is None:
                record_sum(path, checksum)
    except OSError as error:
        LOG.info("No checksum of %s was recorded: %s", path, error)
