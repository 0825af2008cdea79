# SPDX-License-Identifier: Apache-2.0
"""Open what is a file, without hanging on a fifo or trusting a name."""

import os
import stat
from typing import BinaryIO


class NotRegular(OSError):
    """There is something, and it is a folder, a device, a fifo or a socket."""


def open_regular(path: str, *, or_block: bool = False) -> BinaryIO:
    """Open a regular file for reading; links are followed.

    :param or_block: a block device will do as well
    :raises NotRegular: it is something else
    :raises OSError: it is not there, or not readable
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(str(error)) from None
    try:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode) and not (or_block and stat.S_ISBLK(mode)):
            raise NotRegular(f"{path} is no regular file")
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise
