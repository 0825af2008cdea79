# SPDX-License-Identifier: Apache-2.0
"""Copy kernels and ramdisks of the host into a server's folder."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from typing import BinaryIO

from nova_xen import exceptions
from nova_xen.images.files.part import part_of, remove_file
from nova_xen.images.files.regular import open_regular
from nova_xen.images.files.space import require_space
from nova_xen.model import FilePlan


def copy_files(plans: Iterable[FilePlan], *, server: str) -> None:
    """Copy files, all of them or none.

    :raises FileMissing: a source is no regular file, or cannot be read
    :raises NotEnoughDisk, ToolFailed: among others when a target exists
    """
    with contextlib.ExitStack() as undo:
        for plan in plans:
            _copy(plan, server)
            undo.callback(remove_file, plan.path)
        undo.pop_all()


def _copy(plan: FilePlan, server: str) -> None:
    with (
        _open(plan.source, server) as source,
        part_of(plan.path, server=server) as part,
    ):
        size = os.fstat(source.fileno()).st_size
        require_space(os.path.dirname(plan.path), size, server=server)
        with open(part, "wb") as target:
            shutil.copyfileobj(source, target)


def _open(path: str, server: str) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError:
        raise exceptions.FileMissing(server=server, what="file", path=path) from None
