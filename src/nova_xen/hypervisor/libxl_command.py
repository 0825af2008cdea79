# SPDX-License-Identifier: Apache-2.0
"""How :mod:`nova_xen.hypervisor.libxl_program` is run, and with which library."""

import glob
import re
import sys
from pathlib import Path

from nova_xen.hypervisor import libxl_program

LIBRARIES = (
    "/usr/lib/*/libxenlight.so.4.*",
    "/usr/lib64/libxenlight.so.4.*",
    "/usr/lib/libxenlight.so.4.*",
    "/usr/local/lib*/libxenlight.so.4.*",
)
#: the numbers of the running Xen, whose interface is its own library's alone
_VERSION = ("/sys/hypervisor/version/major", "/sys/hypervisor/version/minor")
#: as a module it is compiled once for all; its neighbours come last, so that none of
#: them is taken for one of Python's own
_START = (
    "import sys; sys.path.append(sys.argv.pop(1)); import libxl_program; "
    "sys.exit(libxl_program.main(sys.argv[1:]))"
)


def libxl_command(action: str, *arguments: str) -> list[str]:
    """The command line that has the program do ``action``.

    Isolated (-I) from what lies in the current folder, and without installed packages
    (-S), of which it needs none. On emulated Xen it began to look after 0.4 s so, and
    after 0.9 s as a script.
    """
    folder = str(Path(libxl_program.__file__).parent)
    library = library_of(LIBRARIES, running_version()) or ""
    start = (sys.executable, "-I", "-S", "-c", _START, folder)
    return [*start, action, library, *arguments]


def library_of(patterns: tuple[str, ...], running: list[int]) -> str | None:
    """The library of the running Xen, or else the newest one.

    By the name that a program links: libxenlight.so.4.17.0 is what libxenlight.so.4.17
    points to.
    """

    def order(path: str) -> tuple[bool, list[int], int]:
        words = re.findall(r"\d+", path.rpartition(".so.")[2])
        numbers = [int(each) for each in words]
        return numbers[:2] == running, numbers[:2], -len(numbers)

    found = [each for pattern in patterns for each in glob.glob(pattern)]
    return max(found, key=order, default=None)


def running_version() -> list[int]:
    """Of the running Xen, as 4 and 17; nothing where there is none."""
    try:
        return [int(Path(path).read_text()) for path in _VERSION]
    except (OSError, ValueError):
        return []
