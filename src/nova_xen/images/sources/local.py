# SPDX-License-Identifier: Apache-2.0
"""An image that is a file of this host: it is used where it lies."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.images.cache.digest import sum_file
from nova_xen.images.files.regular import open_regular
from nova_xen.images.inspection.head import HEAD, Head
from nova_xen.images.sources.source import Order


@dataclasses.dataclass(frozen=True)
class LocalSource:
    """A file by its absolute path."""

    path: str

    @property
    def name(self) -> str:
        return self.path

    def peek(self) -> Head:
        """How the file begins."""
        try:
            with open_regular(self.path) as stream:
                return Head(stream.read(HEAD), os.fstat(stream.fileno()).st_size)
        except OSError as error:
            raise self._unreadable(error) from None

    @contextlib.contextmanager
    def held(self, order: Order) -> Iterator[str]:
        """The path, once its checksum is right; nobody here removes the file."""
        if order.checksum is not None:
            try:
                found = sum_file(
                    self.path, order.checksum.algorithm, progress=order.progress
                )
            except OSError as error:
                raise self._unreadable(error) from None
            refuse_other(self.name, found.value, order.checksum.value)
        yield self.path

    def _unreadable(self, error: OSError) -> exceptions.ImageRejected:
        why = f"it cannot be read ({error.strerror or error})"
        return exceptions.ImageRejected(image=self.path, why=why)


def refuse_other(image: str, found: str, expected: str) -> None:
    """Refuse bytes that are not those that were declared.

    :raises ImageRejected:
    """
    if found != expected:
        raise exceptions.ImageRejected(
            image=image,
            why=f"its checksum is {found} and was declared to be {expected}; get a "
            "whole copy, or the right checksum",
        )
