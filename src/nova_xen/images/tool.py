# SPDX-License-Identifier: Apache-2.0
"""Run a program of the host without a shell, and say in a sentence how it failed."""

import dataclasses
import errno
import os
import signal
import subprocess  # nosec B404
import tempfile
from collections.abc import Callable, Mapping

from nova_xen import exceptions

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
    return {**os.environ, "LANG": "C", "LC_ALL": "C", "PATH": path}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a program that reads untrusted bytes may use: bytes and CPU seconds."""

    address_space: int
    cpu_seconds: int

    def wrap(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command under util-linux's prlimit, which costs no interpreter."""
        limits = (f"--as={self.address_space}", f"--cpu={self.cpu_seconds}")
        return ("prlimit", *limits, "--", *command)


def run(
    *command: str,
    server: str,
    doing: str,
    folder: str,
    limits: Limits | None = None,
    codes: tuple[int, ...] = (0,),
) -> str:
    """Run a program to its end and return what it printed.

    :param folder: where it writes, for the sentence about a full disk
    :param codes: the exit codes that are no failure
    :raises NotEnoughDisk: no space left
    :raises ToolFailed: any other failure, with the program's last words
    """
    try:
        done = subprocess.run(  # nosec B603
            limits.wrap(command) if limits else command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise os_failure(
            error, server=server, doing=doing, folder=folder, tool=command[0]
        ) from error
    if done.returncode not in codes:
        raise _failure(command[0], done.returncode, done.stderr, server, doing, folder)
    return done.stdout


def run_watched(
    *command: str, server: str, doing: str, folder: str, watch: Callable[[str], None]
) -> None:
    """Run a program and hand each line it prints to ``watch`` at once.

    A carriage return ends a line too. Fails as :func:`run` does.
    """
    with tempfile.TemporaryFile("w+") as stderr:
        try:
            process = subprocess.Popen(  # nosec B603
                command,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        except OSError as error:
            raise os_failure(
                error, server=server, doing=doing, folder=folder, tool=command[0]
            ) from error
        _follow(process, watch)
        if process.returncode:
            stderr.seek(0)
            raise _failure(
                command[0], process.returncode, stderr.read(), server, doing, folder
            )


def _follow(process: subprocess.Popen[str], watch: Callable[[str], None]) -> None:
    with process:
        try:
            # universal newlines make a line of what a carriage return ends
            for line in process.stdout or ():
                watch(line)
        except BaseException:
            process.kill()
            raise


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
