# SPDX-License-Identifier: Apache-2.0
"""Whether the kernel takes its clock for synchronised (adjtimex(2)).

The kernel knows it of whatever program keeps the clock, and needs no program to tell.
"""

import ctypes
import os

from nova_xen.model.doctor import ClockFacts

#: the state of a clock that nothing keeps, and its flag (linux/timex.h)
TIME_ERROR = 5
STA_UNSYNC = 0x40
_FAILED = -1


class Timex(ctypes.Structure):
    """The beginning of Linux's struct timex; what follows is room for the rest."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    ]


def clock_facts() -> ClockFacts:
    """Ask the kernel, and change nothing (modes is 0)."""
    told = Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.byref(told))
    if state == _FAILED:
        return ClockFacts(synchronised=None, why=os.strerror(ctypes.get_errno()))
    return ClockFacts(synchronised=is_synchronised(state, told.status))


def is_synchronised(state: int, status: int) -> bool:
    """What adjtimex answered, and the flags that it wrote."""
    return state != TIME_ERROR and not status & STA_UNSYNC
