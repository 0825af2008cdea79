# SPDX-License-Identifier: Apache-2.0
"""A process that outlives the work only to clean up after it.

Work is done in a child with a process group of its own, in which are the emulator and
all else that libguestfs starts. The guardian waits for the child, or for the end of
the lifeline: the parent has closed it, or is dead. Then it kills the group. Meanwhile
it notes where the emulator has its sockets, which outlive a killed worker. Is the
guardian itself killed, the kernel kills the child, and libguestfs's own recovery
process the emulator, within two seconds.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
from collections.abc import Callable

from nova_xen.injection.guest.sockets import find_sockets, note_sockets, remove_sockets

#: libguestfs's own messages, in the worker's folder
LOG = "log"
#: seconds between looks for the emulator, until it was seen
_LOOK = 0.1
_PR_SET_PDEATHSIG = 1


def guarded(work: Callable[[], None], *, lifeline: int, folder: str) -> int:
    """Do ``work`` in a child until it ends or the lifeline does.

    :param folder: where the child keeps its log; removed when the lifeline ended
    :returns: an exit code
    """
    guardian = os.getpid()
    child = os.fork()
    if child == 0:
        _become_child(guardian, lifeline)
        work()
        os._exit(0)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    orphaned = _wait(child, lifeline, folder)
    # it is not reaped yet, so that nobody else can have its number
    _signal(child, signal.SIGSTOP)  # an emulator that ends now could not be asked
    sockets = find_sockets(folder)
    _signal(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    remove_sockets(sockets)
    if orphaned:
        shutil.rmtree(folder, ignore_errors=True)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _become_child(guardian: int, lifeline: int) -> None:
    os.setpgid(0, 0)
    os.close(lifeline)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != guardian:  # it died before the kernel was told
        os._exit(1)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _wait(child: int, lifeline: int, folder: str) -> bool:
    """Wait; True when it was the lifeline that ended."""
    descriptor = os.pidfd_open(child)
    ended, noted = [descriptor, lifeline], False
    try:
        while not (ready := select.select(ended, [], [], None if noted else _LOOK)[0]):
            noted = note_sockets(folder, child)
    finally:
        os.close(descriptor)
    return descriptor not in ready
