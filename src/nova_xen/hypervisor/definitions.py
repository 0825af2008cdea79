# SPDX-License-Identifier: Apache-2.0
"""libvirt's definitions as files: what a power failure leaves of them."""

import contextlib
import os

#: of libvirt's libxl driver when it runs as root
FOLDER = "/etc/libvirt/libxl"


def sync_definitions(folder: str = FOLDER) -> None:
    """Have definitions that were just made survive a power failure.

    libvirt syncs the file of a definition (virFileRewrite) and not its folder, so that
    the file's name may be lost: seen on real Xen when a host went off right after a
    guest had arrived. Where there is no such folder nothing is done.
    """
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(number)
        finally:
            os.close(number)
