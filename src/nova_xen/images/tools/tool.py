# SPDX-License-Identifier: Apache-2.0
"""Run a program of the host without a shell, and say in a sentence how it failed."""

import errno
import os
import signal
from collections.abc import Callable, Mapping

from nova_xen import exceptions
from nova_xen.images.tools.limits import ARENAS, Limits
from nova_xen.images.tools.process import GaveUp, run_process

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
#: the last is qemu-img's word for EFBIG, since raw itself knows no limit
_FULL_WORDS = (
    *(os.strerror(number) for number in sorted(_FULL)),
    "too large for file format 'raw'",
)
#: mkfs and mkswap are not in an ordinary user's PATH on Debian
_SBIN = ("/usr/sbin", "/sbin")


def environment() -> Mapping[str, str]:
    """The caller's, with messages in English and the system's programs in PATH."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SBIN))
    return {**os.environ, **ARENAS, "LANG": "C", "LC_ALL": "C", "PATH": path}


def run(
    *command: str,
    server: str,
    doing: str,
    folder: str,
    limits: Limits,
    codes: tuple[int, ...] = (0,),
    watch: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    :param folder: where it writes, for the sentence about a full disk
    :param codes: the exit codes that are no failure
    :param watch: is handed each line at once; a carriage return ends a line too
    :raises NotEnoughDisk: no space left
    :raises ToolFailed: any other failure, with the program's last words
    """
    tool = command[0]
    try:
        ended = run_process(
            limits.wrap(command),
            environment=environment(),
            stall=limits.stall,
            watch=watch,
        )
    except GaveUp as error:
        raise exceptions.ToolFailed(
            server=server, tool=tool, doing=doing, why=f"{error} and was ended"
        ) from None
    except OSError as error:
        raise os_failure(
            error, server=server, doing=doing, folder=folder, tool=tool
        ) from error
    if ended.code not in codes:
        raise _failure(tool, ended.code, ended.errors, server, doing, folder)
    return ended.output


def _failure(
    tool: str, code: int, stderr: str, server: str, doing: str, folder: str
) -> exceptions.NovaXenError:
    why = _no_space(tool, stderr) or last_words(tool, stderr) or _ending(code)
    if code == -signal.SIGXFSZ or why.endswith(_FULL_WORDS):
        return exceptions.NotEnoughDisk(server=server, folder=folder, why=why)
    return exceptions.ToolFailed(server=server, tool=tool, doing=doing, why=why)


def _no_space(tool: str, stderr: str) -> str | None:
    """The complaint about space, which is not always the last."""
    lines = (last_words(tool, line) for line in stderr.splitlines())
    return next((line for line in lines if line.endswith(_FULL_WORDS)), None)


def _ending(code: int) -> str:
    if code == -signal.SIGXFSZ:
        return os.strerror(errno.EFBIG)
    if code == -signal.SIGXCPU:
        return "it used more processor time than its work can need"
    if code < 0:
        return f"it was killed by {signal.Signals(-code).name}"
    return f"it ended with the code {code} and said nothing"


def last_words(tool: str, stderr: str) -> str:
    """The last line of what a program complained about, without its name.

    A line that is indented goes with the one before it.
    """
    last = ""
    for line in reversed(stderr.rstrip().splitlines()):
        last = f"{line.strip()} {last}".strip()
        if not line[:1].isspace():
            break
    return last.removeprefix(f"{tool}: ").rstrip(". ")


def os_failure(
    error: OSError,
    *,
    server: str,
    doing: str,
    folder: str,
    tool: str = "the file system",
) -> exceptions.NovaXenError:
    """The error that tells of a failed system call."""
    why = error.strerror or str(error)
    if error.errno in _FULL:
        return exceptions.NotEnoughDisk(server=server, folder=folder, why=why)
    return exceptions.ToolFailed(server=server, tool=tool, doing=doing, why=why)
