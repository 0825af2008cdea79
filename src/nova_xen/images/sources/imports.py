# SPDX-License-Identifier: Apache-2.0
"""Images from elsewhere, kept below instances_path for the servers to come.

A file is named by what it holds: by the checksum that was declared, else by its source
and the version that the source tells. So it never changes, and one that is there is
right. What a source without versions sends is named by its own checksum, so that
servers of one content share its base; it goes when its request is done, for nobody
could tell that it is still what the source has.
"""

import contextlib
import hashlib
import logging
import os
import secrets
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.images.cache.leftovers import PART
from nova_xen.images.cache.record import record_path
from nova_xen.images.cache.store import folder_of_kind, lock_of, make_folders
from nova_xen.images.files.lock import locked, present, try_lock
from nova_xen.images.files.part import remove_file, sync
from nova_xen.images.inspection.head import Head
from nova_xen.images.sources.download import Changed, Download
from nova_xen.images.sources.resumable import ResumablePart
from nova_xen.images.sources.source import Broken, Order, StreamSource, read_head
from nova_xen.images.tools.tool import os_failure
from nova_xen.model import CacheKind

LOG = logging.getLogger(__name__)
_MOST_CHANGES = 3


def peek(source: StreamSource) -> Head:
    """How an image begins.

    :raises ImageUnavailable: it cannot be had
    """
    try:
        with contextlib.closing(source.open()) as stream:
            return read_head(stream)
    except Broken as error:
        why = f"{error}; try again later"
        raise exceptions.ImageUnavailable(image=source.name, why=why) from None


@contextlib.contextmanager
def held_import(source: StreamSource, order: Order) -> Iterator[str]:
    """Have a whole copy of an image; it is not removed while the block runs.

    However many ask at once, one fetches it and the others wait. What a process that
    was killed left is gone on with, when the source still has the same content.
    """
    with contextlib.ExitStack() as stack:
        try:
            make_folders(CacheKind.IMPORT, order.instances_path)
            path = _enter(source, order, stack)
            os.utime(path)
        except OSError as error:
            raise os_failure(
                error,
                server=order.server,
                doing=f"fetching {source.name}",
                folder=order.instances_path,
            ) from error
        yield path


def _enter(source: StreamSource, order: Order, stack: contextlib.ExitStack) -> str:
    """Have the copy until ``stack`` is closed, by the name its content has."""
    if order.checksum is not None:
        path = _path(f"checksum {order.checksum}", order)
        run = Download(source, order, path).run
        stack.enter_context(present(lock_of(path), path, run))
        return path
    for _ in range(_MOST_CHANGES):
        download = Download(source, order)
        with contextlib.suppress(Changed), contextlib.ExitStack() as asking:
            asking.callback(download.drop)
            stream = download.begin()
            if not stream.version:
                return _enter_nameless(download, order, stack)
            download.named = (stream.version, stream.size)
            download.path = _path(f"{source.key} {stream.version} {stream.size}", order)
            return _enter_named(download, stack)
    raise exceptions.ImageUnavailable(
        image=source.name,
        why=f"it has changed {_MOST_CHANGES} times while it was fetched; try again "
        "when it is all there",
    )


def _enter_named(download: Download, stack: contextlib.ExitStack) -> str:
    path = download.path
    lock = lock_of(path)
    # whoever has to wait lets go of the server, which may not bear with many
    held = try_lock(lock)
    try:
        if held is not None and not os.path.exists(path):
            download.run()
    finally:
        download.drop()
        if held is not None:
            os.close(held)
    stack.enter_context(present(lock, path, download.run))
    return path


def _enter_nameless(
    download: Download, order: Order, stack: contextlib.ExitStack
) -> str:
    """Fetch it under a name of its own, and then find the one by its content."""
    path = download.path = _path(f"nameless {secrets.token_hex(16)}", order)
    with contextlib.ExitStack() as own:
        # kept from prune by a lock that goes with it: nobody else waits for this one
        own.enter_context(locked(lock_of(path)))
        own.callback(remove_file, lock_of(path))
        own.callback(_discard, path)
        download.run()
        content = _path(f"checksum {download.checksum}", order)

        def rename() -> None:
            stack.callback(_remove_unless_used, content)
            os.rename(record_path(path), record_path(content))
            os.rename(path, content)
            sync(os.path.dirname(path))

        stack.enter_context(present(lock_of(content), content, rename))
    return content


def _discard(path: str) -> None:
    ResumablePart(path + PART).discard()
    remove_file(record_path(path))
    remove_file(path)


def _remove_unless_used(path: str) -> None:
    """The lock's file stays: somebody may be waiting for it."""
    try:
        held = try_lock(lock_of(path))
        if held is None:
            return
        try:
            remove_file(path)
            remove_file(record_path(path))
        finally:
            os.close(held)
    except OSError as error:
        LOG.warning("%s is left behind: %s", path, error.strerror or error)


def _path(key: str, order: Order) -> str:
    name = hashlib.sha256(os.fsencode(key)).hexdigest()
    folder = folder_of_kind(CacheKind.IMPORT, order.instances_path)
    return os.path.join(folder, f"{name}.image")
