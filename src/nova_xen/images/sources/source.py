# SPDX-License-Identifier: Apache-2.0
"""Where images come from, behind one small interface."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Protocol

from nova_xen.images.inspection.head import HEAD, Head
from nova_xen.images.progress import Progress, no_progress
from nova_xen.model import Checksum, ImageOptions


def _accept(head: Head) -> None:
    """Take any image."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """What is wanted of a source, and for which server.

    ``look`` is shown how the image begins, before anything is written and before a
    part is gone on with, and raises what speaks against it.
    """

    instances_path: str
    server: str
    checksum: Checksum | None = None
    options: ImageOptions = dataclasses.field(default_factory=ImageOptions)
    look: Callable[[Head], object] = _accept
    progress: Progress = no_progress


class ImageSource(Protocol):
    """A place that has an image; ``name`` is for people and has no secrets."""

    @property
    def name(self) -> str: ...

    def peek(self) -> Head:
        """How the image begins; nothing is written.

        :raises ImageUnavailable, ImageRejected:
        """

    def held(self, order: Order) -> contextlib.AbstractContextManager[str]:
        """A file with the image's bytes, verified; not removed while the block runs.

        :raises ImageUnavailable: the bytes do not come
        :raises ImageRejected: too large, or not those that were declared
        :raises NotEnoughDisk, ToolFailed:
        """


class Broken(Exception):
    """A transfer broke off, or could not be begun; it may go well the next time."""


class Stream(Protocol):
    """The bytes of an image as they come.

    ``start`` tells which one comes first: the one that was asked for, or 0 when that
    cannot be had any more. ``size`` in bytes of the whole image, None when not told.
    ``version`` names this content, so that a transfer can be gone on with; empty when
    the source has no name for it. ``cut_shows`` is False where a transfer that is cut
    looks as one that has come to its end.
    """

    start: int
    size: int | None
    version: str
    cut_shows: bool

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end.

        :raises Broken: the transfer broke off
        """

    def close(self) -> None:
        """Let go of it."""


def read_head(stream: Stream) -> Head:
    """How a transfer begins.

    :raises Broken: it broke off
    """
    head = bytearray()
    while len(head) < HEAD and (chunk := stream.read(HEAD - len(head))):
        head += chunk
    return Head(bytes(head), stream.size)


class StreamSource(Protocol):
    """A source that sends bytes; ``key`` names the place, ``name`` tells it."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    def open(self, start: int = 0, version: str = "") -> Stream:
        """Begin a transfer from byte ``start`` if the content is still ``version``.

        :raises Broken: it may go well the next time
        :raises ImageUnavailable: it will not
        """
