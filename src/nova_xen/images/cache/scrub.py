# SPDX-License-Identifier: Apache-2.0
"""Read what is kept again: a disk forgets without a word."""

import contextlib
import errno
import logging
from collections.abc import Iterator, Mapping

from nova_xen.images.cache.digest import record_sum, sum_file
from nova_xen.images.cache.record import read_record
from nova_xen.images.cache.store import lock_of
from nova_xen.images.cache.upkeep import failed, failing, look, remove_unused
from nova_xen.images.cache.users import find_users
from nova_xen.images.files.lock import locked
from nova_xen.images.progress import Progress, no_progress
from nova_xen.model import CachedImage, HashAlgorithm, Scrubbed, ScrubResult

LOG = logging.getLogger(__name__)
#: what Linux says of bytes that a disk has lost (blk_errors in block/blk-core.c), and
#: file systems of ones that do not match their own checksum
_LOST = frozenset(
    (
        *(errno.EIO, errno.ENODATA, errno.EREMOTEIO, errno.EILSEQ),
        *(errno.EUCLEAN, errno.EBADMSG),
    )
)


def scrub_cache(
    instances_path: str, *, progress: Progress = no_progress
) -> tuple[Scrubbed, ...]:
    """Read every file again and compare it with the checksum that was recorded.

    A damaged one, or one that its disk does not give back, is removed unless it is in
    use. Where no checksum was recorded yet, it is now, and nothing was compared. A file
    that cannot be read for another reason does not keep the others from being read.

    :raises CacheFailed: at the end, when there was such a file; its details tell what
        was found to be damaged
    """
    with failing(instances_path, "checked"):
        scrub = _Scrub(instances_path, progress)
        found = tuple(scrub.results())
    if scrub.errors:
        damaged = [
            f"{each.image.kind} {each.image.name}: {each.result}"
            for each in found
            if each.damaged
        ]
        error = scrub.errors[0]
        told = failed(instances_path, "checked", error)
        raise told.with_details(tuple(damaged)) from error
    return found


class _Scrub:
    """One run; ``errors`` are those that do not tell of a damaged file."""

    def __init__(self, instances_path: str, progress: Progress) -> None:
        self.errors: list[OSError] = []
        self._path = instances_path
        self._progress = progress

    def results(self) -> Iterator[Scrubbed]:
        """What each file proves to be."""
        for image in tuple(look(self._path, self._users())):
            with contextlib.suppress(FileNotFoundError), self._noting():
                yield Scrubbed(image, self._result(image))

    def _users(self) -> Mapping[str, tuple[str, ...]]:
        """Who uses what, as far as that can be told; it is for people."""
        with self._noting():
            return find_users(self._path)
        return {}

    def _result(self, image: CachedImage) -> ScrubResult:
        # with the lock shared nobody puts another file in its place meanwhile
        with locked(lock_of(image.path), shared=True):
            found = self._compare(image.path)
        if found is not None:
            return found
        with self._noting():
            if remove_unused(self._path, [image]):
                return ScrubResult.REMOVED
        return ScrubResult.DAMAGED

    def _compare(self, path: str) -> ScrubResult | None:
        """Read a file; None when it is damaged."""
        expected = read_record(path).checksum
        algorithm = expected.algorithm if expected else HashAlgorithm.SHA256
        try:
            checksum = sum_file(path, algorithm, progress=self._progress)
        except OSError as error:
            if error.errno not in _LOST:
                raise
            LOG.warning("%s cannot be read: %s", path, error.strerror)
            return None
        if expected is None:
            record_sum(path, checksum)
            return ScrubResult.RECORDED
        return ScrubResult.INTACT if checksum == expected else None

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Go on after an error, unless it is that a file is gone."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            self.errors.append(error)
