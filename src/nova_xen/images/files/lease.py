# SPDX-License-Identifier: Apache-2.0
"""Know for certain that nobody writes to a file while it is read.

The times of a file do not tell: what is written through mmap to a page that is dirty
already changes none of them. So a read lease is taken (fcntl(2), F_SETLEASE): Linux
gives none while anybody has the file open for writing, and lets one who opens it later
wait until the lease ends, for /proc/sys/fs/lease-break-time at most.
"""

import errno
import fcntl
import signal

from nova_xen.images.files.mount import file_system

#: a lease is the server's to give there, and seldom given
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3"})


class Writable(OSError):
    """Somebody has the file open for writing."""


def take_lease(number: int) -> bool:
    """Take a read lease, which ends with the descriptor.

    :returns: False where there is none to be had: the file system knows no leases, or
        the file is another user's and the caller is not root
    :raises Writable: somebody has the file open for writing
    """
    try:
        # the signal that tells of a writer would otherwise be SIGIO, which kills
        fcntl.fcntl(number, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN and file_system(number) not in _REMOTE:
            raise Writable(error.errno, error.strerror) from None
        return False
    return True


def has_lease(number: int) -> bool:
    """Whether nobody has come to write since."""
    return fcntl.fcntl(number, fcntl.F_GETLEASE) == fcntl.F_RDLCK
