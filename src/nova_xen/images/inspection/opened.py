# SPDX-License-Identifier: Apache-2.0
"""An image that is opened once, and is what was inspected until it has been read."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

from nova_xen import exceptions
from nova_xen.images.files.lease import Writable, has_lease, take_lease
from nova_xen.images.files.regular import NotRegular, open_regular
from nova_xen.images.tools.opened import OpenFile


@dataclasses.dataclass(frozen=True)
class OpenImage:
    """An open image; ``name`` is for people, and nothing is opened by it again.

    ``status`` is what was known of the file when it was opened. ``kept``: it is an
    import of this host. Nobody but this package writes there, and its times change
    whenever another server uses it.
    """

    name: str
    stream: BinaryIO
    status: os.stat_result
    kept: bool = False

    @property
    def file(self) -> OpenFile:
        """The image for a program."""
        return OpenFile(self.stream.fileno(), self.name)

    def refuse(self, why: str) -> NoReturn:
        """Say why it is not taken.

        :raises ImageRejected:
        """
        refuse(self.name, why)

    @contextlib.contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Its bytes.

        :raises ImageRejected: the disk that it lies on does not give them
        """
        try:
            yield self.stream
        except OSError as error:
            refuse(
                self.name,
                f"it cannot be read ({error.strerror or error}); look after the disk "
                "it lies on, or get another copy",
            )

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Have the image, while the block inspects and reads it, be what was opened.

        :raises ImageRejected: it changed, or somebody has it open for writing
        """
        if self.kept:
            yield
            return
        number = self.stream.fileno()
        try:
            leased = take_lease(number)
        except Writable:
            self.refuse("a program has it open for writing; try again when that ends")
        yield
        same = identity(os.fstat(number)) == identity(self.status)
        if not same or (leased and not has_lease(number)):
            self.refuse("it changed while it was read; use it when nobody writes to it")


def identity(status: os.stat_result) -> tuple[int, ...]:
    """What differs when a file is another one, or was written to."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def refuse(name: str, why: str) -> NoReturn:
    """Say why an image is not taken.

    :raises ImageRejected:
    """
    raise exceptions.ImageRejected(image=name, why=why)


@contextlib.contextmanager
def open_image(
    path: str, name: str | None = None, *, kept: bool = False
) -> Iterator[OpenImage]:
    """Open the regular file that an image is; links are followed.

    :param name: what it is called to people, who may not know its path
    :raises ImageRejected: no such file, not readable, or empty
    """
    name = name or path
    with _open(path, name) as stream:
        status = os.fstat(stream.fileno())
        if status.st_size == 0:
            refuse(name, "it is empty; get a whole copy")
        yield OpenImage(name, stream, status, kept)


def _open(path: str, name: str) -> BinaryIO:
    try:
        return open_regular(path)
    except FileNotFoundError:
        refuse(name, "there is no such file; check its path")
    except PermissionError:
        refuse(name, "you are not permitted to read it; run the command as root")
    except NotRegular:
        refuse(name, "it is no regular file; name the file that the image is")
    except OSError as error:
        refuse(name, f"it cannot be opened ({error.strerror or error}); check its path")
