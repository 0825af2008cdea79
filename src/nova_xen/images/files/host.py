# SPDX-License-Identifier: Apache-2.0
"""What all processes of this host share: where its locks are, and one for devices."""

import contextlib
import os
from collections.abc import Iterator

from nova_xen.images.files.lock import locked
from nova_xen.images.tools.tool import os_failure

#: below the folder of instances
LOCKS = "locks"
_DEVICES = "nova-xen-devices"
_MODE = 0o711


@contextlib.contextmanager
def devices_lock(instances_path: str, *, server: str) -> Iterator[None]:
    """Have no other process plug or take out devices while the block runs.

    Two that gave one volume to two servers would each see it free.

    :raises ToolFailed, NotEnoughDisk: the lock cannot be made
    """
    folder = os.path.join(instances_path, LOCKS)
    with contextlib.ExitStack() as stack:
        try:
            os.makedirs(folder, mode=_MODE, exist_ok=True)
            stack.enter_context(locked(os.path.join(folder, _DEVICES)))
        except OSError as error:
            doing = "locking the devices of this host"
            raise os_failure(error, server=server, doing=doing, folder=folder) from None
        yield
