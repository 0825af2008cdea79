# SPDX-License-Identifier: Apache-2.0
"""Fetch one image: a whole, verified file in the end, or a part to go on with."""

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from nova_xen import exceptions
from nova_xen.images.cache.digest import Hasher, sum_stream
from nova_xen.images.cache.leftovers import PART
from nova_xen.images.cache.record import Record, write_record
from nova_xen.images.files.part import sync
from nova_xen.images.files.space import require_space
from nova_xen.images.inspection.head import HEAD, Head
from nova_xen.images.sources.local import refuse_other
from nova_xen.images.sources.resumable import ResumablePart
from nova_xen.images.sources.source import (
    Broken,
    Order,
    Stream,
    StreamSource,
    read_head,
)
from nova_xen.model import GIB, Checksum, HashAlgorithm

LOG = logging.getLogger(__name__)
_CHUNK = 256 * 1024
#: seconds before another attempt: about 1, 2, 4, ...
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
Result = TypeVar("Result")
pause = time.sleep


class Changed(Exception):
    """The source has another content than the one the copy is to be named by."""


class Download:
    """One image on its way from ``source`` to ``path``.

    ``named`` is the version and the size in bytes that the path stands for; None where
    it stands for a checksum, or for nothing. ``checksum`` is that of the whole image
    once it is there.
    """

    def __init__(self, source: StreamSource, order: Order, path: str = "") -> None:
        self.path = path
        self.named: tuple[str, int | None] | None = None
        self.checksum: Checksum | None = None
        self._source = source
        self._order = order
        self._opened: Stream | None = None
        self._failures = 0
        self._furthest = 0
        self._kept = False

    def begin(self) -> Stream:
        """Ask the source; :meth:`run` takes the answer.

        :raises ImageUnavailable: it does not answer
        """
        self._opened = self._again(self._source.open)
        return self._opened

    def drop(self) -> None:
        """Let go of what was begun and not taken."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def run(self) -> None:
        """Fetch the image and give it its name when it is whole and right.

        :raises ImageUnavailable, ImageRejected, NotEnoughDisk:
        :raises FlavorTooSmall: among others that ``look`` of the order raises
        :raises Changed: ``path`` would be the wrong name by now
        :raises OSError: the file system refused
        """
        part = ResumablePart(self.path + PART)
        try:
            self._again(lambda: self._attempt(part))
        except (OSError, Changed, exceptions.ImageRejected):
            # most likely the disk is full; or nobody will want the rest of it
            part.discard()
            raise
        finally:
            if not part.state.version:
                part.discard()

    def _again(self, work: Callable[[], Result]) -> Result:
        """Do it until it goes well, or has failed too often in a row."""
        import tenacity

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Broken),
            stop=lambda state: self._is_enough(),
            wait=tenacity.wait_exponential_jitter(
                initial=_FIRST_PAUSE, max=_LONGEST_PAUSE
            ),
            sleep=lambda seconds: pause(seconds),
            before_sleep=lambda state: self._log(state.outcome),
            reraise=True,
        )
        try:
            return retrying(work)
        except Broken as error:
            times = "time" if self._failures == 1 else "times in a row"
            what_came = ", what has come is gone on with" if self._kept else ""
            raise exceptions.ImageUnavailable(
                image=self._source.name,
                why=f"{error} ({self._failures} {times}); try again later{what_came}",
            ) from None

    def _is_enough(self) -> bool:
        self._failures += 1
        return self._failures >= self._order.options.attempts

    def _log(self, outcome: object) -> None:
        error = getattr(outcome, "exception", lambda: None)()
        LOG.info("Image %s: %s; trying again", self._source.name, error)

    def _attempt(self, part: ResumablePart) -> None:
        have = part.usable()
        whole = 0 < have == part.state.size
        if have < HEAD and not whole:
            # too little to be judged by, and little to fetch again
            with contextlib.closing(self._open_anew()) as stream:
                self._attempt_anew(stream, part)
            return
        self.drop()
        with part.gone_on(have) as file:
            self._judge(part, file, have)
            hasher = self._resum(file, have)
            if whole:
                self._finish(part, file, hasher, resumed=True)
                return
            rest = self._open_rest(have, part.state.version)
            with contextlib.closing(rest) as stream:
                if stream.start:
                    self._copy(stream, part, file, hasher, have)
                    self._finish(part, file, hasher, resumed=True)
                else:
                    self._attempt_anew(stream, part)

    def _judge(self, part: ResumablePart, file: BinaryIO, have: int) -> None:
        """It may have been begun for another server, or with other limits."""
        self._kept = True
        size = part.state.size
        self._check_size(size or have)
        self._order.look(Head(os.pread(file.fileno(), HEAD, 0), size))
        self._require_space((size or have) - have)

    def _open_anew(self) -> Stream:
        """The transfer begun already, or one from the beginning."""
        opened, self._opened = self._opened, None
        return self._as_named(self._source.open() if opened is None else opened)

    def _open_rest(self, have: int, version: str) -> Stream:
        stream = self._source.open(have, version)
        if stream.start and stream.version != version:
            stream.close()
            stream = self._source.open()
        return self._as_named(stream)

    def _as_named(self, stream: Stream) -> Stream:
        if self.named is not None:
            version, size = self.named
            sizes = {size, stream.size} - {None}
            if stream.version != version or len(sizes) > 1:
                stream.close()
                raise Changed
        return stream

    def _attempt_anew(self, stream: Stream, part: ResumablePart) -> None:
        if self._order.checksum is None and not stream.cut_shows:
            raise exceptions.ImageUnavailable(
                image=self._source.name,
                why="its server tells neither its size nor where it ends, so that a "
                "part could not be told from the whole; declare its checksum "
                "(--image-checksum)",
            )
        head = read_head(stream)
        self._check_size(head.size or len(head.start))
        self._order.look(head)
        self._require_space(head.size or 0)
        hasher = self._hasher()
        with part.begun(stream.version, stream.size) as file:
            self._kept = bool(stream.version)
            _write(file, head.start)
            hasher.update(head.start)
            self._copy(stream, part, file, hasher, len(head.start))
            self._finish(part, file, hasher, resumed=False)

    def _require_space(self, size: int) -> None:
        require_space(os.path.dirname(self.path), size, server=self._order.server)

    def _hasher(self) -> Hasher:
        wanted = self._order.checksum
        return Hasher(wanted.algorithm if wanted else HashAlgorithm.SHA256)

    def _resum(self, file: BinaryIO, have: int) -> Hasher:
        hasher = self._hasher()
        file.seek(0)
        sum_stream(file, hasher, doing=f"checking what came of {self._source.name}")
        file.seek(have)
        return hasher

    def _copy(
        self,
        stream: Stream,
        part: ResumablePart,
        file: BinaryIO,
        hasher: Hasher,
        have: int,
    ) -> None:
        doing = f"fetching {self._source.name}"
        while chunk := stream.read(_CHUNK):
            have += len(chunk)
            self._check_size(have)
            _write(file, chunk)
            hasher.update(chunk)
            part.keep(file, have)
            if have > self._furthest:
                self._furthest, self._failures = have, 0
            if stream.size:
                self._order.progress(doing, min(have / stream.size, 1.0))
        if stream.size is not None and have != stream.size:
            raise Broken(f"it ended after {have} bytes of {stream.size}")

    def _check_size(self, size: int) -> None:
        largest = self._order.options.largest
        if largest is not None and size > largest:
            raise exceptions.ImageRejected(
                image=self._source.name,
                why=f"it is larger than {largest // GIB} GiB, the limit of this host "
                "(option [xen] image_limit_gib)",
            )

    def _finish(
        self, part: ResumablePart, file: BinaryIO, hasher: Hasher, *, resumed: bool
    ) -> None:
        """Only now is it an image: right, on the disk, and under its name."""
        self.checksum = found = hasher.checksum()
        try:
            if self._order.checksum is not None:
                wanted = self._order.checksum.value
                refuse_other(self._source.name, found.value, wanted)
        except exceptions.ImageRejected:
            part.discard()
            self._kept = False
            if resumed:
                raise Broken("what came in parts does not fit together") from None
            raise
        os.fsync(file.fileno())
        write_record(self.path, Record(source=self._source.name, checksum=found))
        os.rename(part.path, self.path)
        sync(os.path.dirname(self.path))
        part.discard()


def _write(file: BinaryIO, data: bytes) -> None:
    """All of it: a raw file may take less than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
