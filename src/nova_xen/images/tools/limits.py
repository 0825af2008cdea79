# SPDX-License-Identifier: Apache-2.0
"""What a program that reads untrusted bytes may use of the host.

Measured with qemu-img 7.2: ``convert -W -m 16`` needs 1.5 GiB of address space with
the usual 8 MiB of stack for each of its threads, and 256 MiB with 1 MiB of stack and
two arenas of malloc; so these two make a limit of 1 GiB generous.
"""

import dataclasses
import os
import resource
from collections.abc import Iterator, Mapping

from nova_xen.model import GIB, MIB, DiskFormat

#: glibc takes it for the size of a thread's stack
_STACK = MIB
_ADDRESS_SPACE = GIB
_OPEN_FILES = 128
_CPU_BASE = 60
#: a hundred times what zlib takes here, since hosts may be emulated
_CPU_PER_GIB = 600
_CPU_GRACE = 5
_CPU_MOST = 7 * 24 * 3600
#: seconds without a byte read or written
STALL = 300.0
_IF_CHILD_OF = '[ "$PPID" = {} ] && exec "$@"'
#: of malloc; each thread beyond takes 64 MiB of address space for one of its own
ARENAS: Mapping[str, str] = {"MALLOC_ARENA_MAX": "2"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Bytes of address space and of a written file, seconds of CPU, open files.

    ``stall`` is how many seconds may pass without any sign of progress.
    """

    cpu_seconds: int
    file_size: int
    address_space: int = _ADDRESS_SPACE
    open_files: int = _OPEN_FILES
    stall: float = STALL

    def wrap(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command under util-linux's prlimit, for this process to start.

        It ends with the process that started it: one that was killed leaves no program
        behind that goes on writing to a file of which another process is the owner now.
        """
        with_parent = ("setpriv", "--pdeathsig", "KILL", "--")
        # of a parent that died before, the kernel says nothing
        if_alive = ("sh", "-c", _IF_CHILD_OF.format(os.getpid()), "sh")
        limited = ("prlimit", "--core=0", *self._options(), "--")
        return (*with_parent, *if_alive, *limited, *command)

    def _options(self) -> Iterator[str]:
        wanted = (
            ("as", resource.RLIMIT_AS, self.address_space),
            ("fsize", resource.RLIMIT_FSIZE, self.file_size),
            ("nofile", resource.RLIMIT_NOFILE, self.open_files),
        )
        for option, number, limit in wanted:
            yield f"--{option}={_within(number, limit)}"
        seconds = _within(resource.RLIMIT_CPU, self.cpu_seconds)
        # the soft limit says why with SIGXCPU, the hard one kills
        last = _within(resource.RLIMIT_CPU, self.cpu_seconds + _CPU_GRACE)
        yield f"--cpu={seconds}:{last}"
        # a soft limit alone: threads take it, and it is no protection
        yield f"--stack={_within(resource.RLIMIT_STACK, _STACK)}:"


def _within(number: int, wanted: int) -> int:
    """Never more than this process has itself."""
    has = resource.getrlimit(number)[0]
    return wanted if has == resource.RLIM_INFINITY else min(wanted, has)


def _cpu_seconds(size: int) -> int:
    return min(_CPU_BASE + _CPU_PER_GIB * size // GIB, _CPU_MOST)


def for_reading(size: int = 0) -> Limits:
    """Limits of a program that writes no file.

    :param size: bytes that it may have to read
    """
    return Limits(cpu_seconds=_cpu_seconds(size), file_size=0)


def for_writing(fmt: DiskFormat, size: int) -> Limits:
    """Limits of a program that makes or fills a disk of ``size`` bytes."""
    return Limits(cpu_seconds=_cpu_seconds(size), file_size=largest_file(fmt, size))


def largest_file(fmt: DiskFormat, size: int) -> int:
    """The most bytes that a file with a disk of ``size`` bytes can have.

    qcow2: 8 bytes for each 64 KiB cluster in the tables and 2 in the reference counts.
    VHD: a bitmap of 512 bytes and 4 of the table for each 2 MiB block. Both round up,
    and both are doubled here.
    """
    match fmt:
        case DiskFormat.RAW:
            return size
        case DiskFormat.QCOW2 | DiskFormat.VHD:
            return size + size // 1024 + 16 * MIB
