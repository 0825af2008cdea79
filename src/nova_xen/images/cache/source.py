# SPDX-License-Identifier: Apache-2.0
"""The image that a base or a disk is made of, opened once."""

import contextlib

from nova_xen.images.cache.digest import sum_open
from nova_xen.images.cache.record import read_record
from nova_xen.images.cache.store import is_import
from nova_xen.images.inspection.opened import OpenImage, open_image
from nova_xen.images.progress import Progress
from nova_xen.model import Checksum


def open_source(
    path: str, instances_path: str
) -> contextlib.AbstractContextManager[OpenImage]:
    """Open an image of this host, an import or any other file.

    :raises ImageRejected: no such file, not readable, or empty
    """
    return open_image(path, kept=is_import(path, instances_path))


def require_sum(
    image: OpenImage, checksum: Checksum | None, progress: Progress
) -> None:
    """Refuse bytes that are not those that were declared.

    An import was summed when it came. Any other file is summed by the descriptor that
    is read afterwards: what was summed by its name may have been another one.

    :param checksum: None: nothing was declared
    :raises ImageRejected:
    """
    if checksum is None:
        return
    if image.kept and read_record(image.name).checksum == checksum:
        return
    with image.reading() as stream:
        doing = f"checking {image.name}"
        found = sum_open(stream, checksum.algorithm, doing=doing, progress=progress)
    if found != checksum:
        image.refuse(
            f"its checksum is {found.value} and was declared to be {checksum.value}; "
            "get a whole copy, or the right checksum"
        )
