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
from nova_xen.images.sources.local import refuse_other
from nova_xen.images.sources.resumable import ResumablePart
from nova_xen.images.sources.source import (
    Broken,
    Order,
    Stream,
    StreamSource,
    read_head,
)
from nova_xen.model import GIB, HashAlgorithm

LOG = logging.getLogger(__name__)
_CHUNK = 256 * 1024
#: seconds before another attempt: about 1, 2, 4, ...
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
Result = TypeVar("Result")
pause = time.sleep


class Download:
    """One image on its way from ``source`` to ``path``."""

    def __init__(self, source: StreamSource, order: Order, path: str = "") -> None:
        self.path = path
        self._source = source
        self._order = order
        self._opened: Stream | None = None
        self._failures = 0
        self._furthest = 0

    def begin(self) -> Stream:
        """Ask the source; :meth:`run` takes the answer.

        :raises ImageUnavailable: it does not answer
        """
        self._opened = self._again(self._source.open)
        return self._opened

    def run(self) -> None:
        """Fetch the image and give it its name when it is whole and right.

        :raises ImageUnavailable, ImageRejected, NotEnoughDisk:
        :raises OSError: the file system refused
        """
        part = ResumablePart(self.path + PART)
        try:
            self._again(lambda: self._attempt(part))
        except OSError:
            # most likely the disk is full
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
            raise exceptions.ImageUnavailable(
                image=self._source.name,
                why=f"{error} ({self._failures} {times}); try again later, what has "
                "come is gone on with",
            ) from None

    def _is_enough(self) -> bool:
        self._failures += 1
        return self._failures >= self._order.options.attempts

    def _log(self, outcome: object) -> None:
        error = getattr(outcome, "exception", lambda: None)()
        LOG.info("Image %s: %s; trying again", self._source.name, error)

    def _attempt(self, part: ResumablePart) -> None:
        have = part.usable()
        if have and have == part.state.size:
            with part.gone_on(have) as file:
                self._finish(part, file, self._resum(file, have), resumed=True)
            return
        with contextlib.closing(self._open(have, part.state.version)) as stream:
            if stream.start:
                with part.gone_on(have) as file:
                    hasher = self._resum(file, have)
                    self._copy(stream, part, file, hasher, have)
                    self._finish(part, file, hasher, resumed=True)
            else:
                self._attempt_anew(stream, part)

    def _open(self, have: int, version: str) -> Stream:
        """The transfer begun already, or one from where the part ends."""
        opened, self._opened = self._opened, None
        if opened is not None:
            if not have:
                return opened
            opened.close()
        stream = self._source.open(have, version)
        if stream.start and stream.version != version:
            stream.close()
            return self._source.open()
        return stream

    def _attempt_anew(self, stream: Stream, part: ResumablePart) -> None:
        head = read_head(stream)
        self._check_size(head.size or len(head.start))
        self._order.look(head)
        if head.size is not None:
            folder = os.path.dirname(self.path)
            require_space(folder, head.size, server=self._order.server)
        hasher = self._hasher()
        with part.begun(stream.version, stream.size) as file:
            _write(file, head.start)
            hasher.update(head.start)
            self._copy(stream, part, file, hasher, len(head.start))
            self._finish(part, file, hasher, resumed=False)

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
        found = hasher.checksum()
        try:
            if self._order.checksum is not None:
                wanted = self._order.checksum.value
                refuse_other(self._source.name, found.value, wanted)
        except exceptions.ImageRejected:
            part.discard()
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
