# SPDX-License-Identifier: Apache-2.0
"""Run a program of the host without a shell, and say in a sentence how it failed."""

import dataclasses
import errno
import os
import shutil
import signal
from collections.abc import Callable, Mapping

from nova_xen import exceptions
from nova_xen.images.tools.limits import ARENAS, Limits
from nova_xen.images.tools.opened import OpenFile
from nova_xen.images.tools.process import Ended, GaveUp, run_process

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
#: the last is qemu-img's word for EFBIG, since raw itself knows no limit
_FULL_WORDS = (
    *(os.strerror(number) for number in sorted(_FULL)),
    "too large for file format 'raw'",
)
#: mkfs and mkswap are not in an ordinary user's PATH on Debian
_SBIN = ("/usr/sbin", "/sbin")
#: what every program here is run with
_WRAPPERS = ("setpriv", "sh", "prlimit")
#: Debian's packages
_PACKAGES: Mapping[str, str] = {
    "qemu-img": "qemu-utils",
    "setpriv": "util-linux",
    "prlimit": "util-linux",
    "fallocate": "util-linux",
    "mkswap": "util-linux",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "sh": "dash",
}
#: exit codes of those that could not start another program (POSIX, exec utilities)
_NOT_STARTED = (126, 127)
_ADVICE = "see to it and try again"


def environment() -> Mapping[str, str]:
    """The caller's, with messages in English and the system's programs in PATH."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SBIN))
    return {**os.environ, **ARENAS, "LANG": "C", "LC_ALL": "C", "PATH": path}


def run(
    *command: str,
    server: str,
    doing: str,
    limits: Limits,
    folder: str | None = None,
    codes: tuple[int, ...] = (0,),
    watch: Callable[[str], None] | None = None,
    given: OpenFile | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    :param folder: where it writes, for the sentence about a full disk; None: nowhere
    :param codes: the exit codes that are no failure
    :param watch: is handed each line at once; a carriage return ends a line too
    :param given: an open file that it inherits
    :raises NotEnoughDisk: no space left
    :raises ToolFailed: any other failure, with the program's last words; in its context
        these alone as ``words``, and the program's own exit code as ``code``
    """
    failure = _Failure(command[0], server, doing, folder, given)
    try:
        ended = run_process(
            limits.wrap(command),
            environment=environment(),
            stall=limits.stall,
            watch=watch,
            descriptors=() if given is None else (given.number,),
        )
    except GaveUp as error:
        raise failure.told(f"{error} and was ended") from None
    except OSError as error:
        raise failure.of_start(error) from error
    if ended.code not in codes:
        raise failure.of_end(ended)
    return ended.output


@dataclasses.dataclass(frozen=True)
class _Failure:
    """The error that tells how a program failed."""

    tool: str
    server: str
    doing: str
    folder: str | None
    given: OpenFile | None

    def told(
        self, words: str, *, tool: str = "", code: int | None = None
    ) -> exceptions.ToolFailed:
        return exceptions.ToolFailed(
            server=self.server,
            tool=tool or self.tool,
            doing=self.doing,
            why=f"{words}; {_ADVICE}",
            words=words,
            code=code,
        )

    def of_start(self, error: OSError) -> exceptions.NovaXenError:
        return self._missing() or os_failure(
            error,
            server=self.server,
            doing=self.doing,
            folder=self.folder,
            tool=self.tool,
        )

    def of_end(self, ended: Ended) -> exceptions.NovaXenError:
        if ended.code in _NOT_STARTED and (missing := self._missing()):
            return missing
        said = ended.errors if self.given is None else self.given.named(ended.errors)
        why = _no_space(self.tool, said) or last_words(self.tool, said)
        why = why or _ending(ended.code)
        full = ended.code == -signal.SIGXFSZ or why.endswith(_FULL_WORDS)
        if full and self.folder is not None:
            return exceptions.NotEnoughDisk(
                server=self.server, folder=self.folder, why=why
            )
        # a wrapper that fails has said nothing about what the program was to do
        own = not said.startswith(tuple(f"{name}: " for name in _WRAPPERS))
        return self.told(why, code=ended.code if own else None)

    def _missing(self) -> exceptions.ToolFailed | None:
        """The error when the program, or one that it is run with, is not there."""
        path = environment()["PATH"]
        for name in (self.tool, *_WRAPPERS):
            if shutil.which(name, path=path) is None:
                package = _PACKAGES.get(name, name)
                words = f"it is not on this host (apt install {package})"
                return self.told(words, tool=name)
        return None


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
    folder: str | None,
    tool: str = "the file system",
) -> exceptions.NovaXenError:
    """The error that tells of a failed system call."""
    why = error.strerror or str(error)
    if error.errno in _FULL and folder is not None:
        return exceptions.NotEnoughDisk(server=server, folder=folder, why=why)
    return exceptions.ToolFailed(
        server=server, tool=tool, doing=doing, why=f"{why}; {_ADVICE}", words=why
    )
