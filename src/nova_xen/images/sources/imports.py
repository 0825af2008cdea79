# SPDX-License-Identifier: Apache-2.0
"""Images from elsewhere, kept below instances_path for the servers to come.

A file is named by what it holds: by the checksum that was declared, else by its source
and the version that the source tells. So it never changes, and one that is there is
right. What a source without versions sends is used by one request alone.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.images.cache.store import folder_of_kind, lock_of, make_folders
from nova_xen.images.files.lock import present
from nova_xen.images.inspection.head import Head
from nova_xen.images.sources.download import Download
from nova_xen.images.sources.source import Broken, Order, StreamSource, read_head
from nova_xen.images.tools.tool import os_failure
from nova_xen.model import CacheKind


def peek(source: StreamSource) -> Head:
    """How an image begins.

    :raises ImageUnavailable: it cannot be had
    """
    try:
        with contextlib.closing(source.open()) as stream:
            return read_head(stream)
    except Broken as error:
        raise exceptions.ImageUnavailable(image=source.name, why=str(error)) from None


@contextlib.contextmanager
def held_import(source: StreamSource, order: Order) -> Iterator[str]:
    """Have a whole copy of an image; it is not removed while the block runs.

    However many ask at once, one fetches it and the others wait. What a process that
    was killed left is gone on with, when the source still has the same content.
    """
    with contextlib.ExitStack() as stack:
        try:
            make_folders(CacheKind.IMPORT, order.instances_path)
            download = _prepare(source, order, stack)
            path = download.path
            stack.enter_context(present(lock_of(path), path, download.run))
            os.utime(path)
        except OSError as error:
            raise os_failure(
                error,
                server=order.server,
                doing=f"fetching {source.name}",
                folder=order.instances_path,
            ) from error
        yield path


def _prepare(
    source: StreamSource, order: Order, stack: contextlib.ExitStack
) -> Download:
    """Find the name of the copy, asking the source when the checksum does not tell."""
    if order.checksum is not None:
        path = _path(f"checksum {order.checksum}", order)
        return Download(source, order, path)
    download = Download(source, order)
    stream = download.begin()
    stack.callback(stream.close)
    version = f"{stream.version} {stream.size}"
    if not stream.version:
        version = f"nameless {secrets.token_hex(16)}"
    download.path = _path(f"{source.key} {version}", order)
    return download


def _path(key: str, order: Order) -> str:
    name = hashlib.sha256(os.fsencode(key)).hexdigest()
    folder = folder_of_kind(CacheKind.IMPORT, order.instances_path)
    return os.path.join(folder, f"{name}.image")
