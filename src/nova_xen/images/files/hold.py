# SPDX-License-Identifier: Apache-2.0
"""One process at a time works on a server's life; the lock ends with its holder."""

import contextlib
import os
from collections.abc import Iterator

from nova_xen.images.files.folder import folder_of
from nova_xen.images.files.lock import try_lock

_LOCK = ".power"


@contextlib.contextmanager
def hold_server(instances_path: str, uuid: str) -> Iterator[bool]:
    """Hold the lock in a server's folder; False when somebody else has it.

    Where it cannot be made, as by a user who may not write there, on a full disk or
    without the folder, there is none: libvirt alone keeps the calls apart then.
    """
    number: int | None = None
    free = True
    with contextlib.suppress(OSError):
        number = try_lock(os.path.join(folder_of(instances_path, uuid), _LOCK))
        free = number is not None
    try:
        yield free
    finally:
        if number is not None:
            os.close(number)
