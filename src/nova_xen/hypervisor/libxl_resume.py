# SPDX-License-Identifier: Apache-2.0
"""A program of its own: libxl_domain_resume() for one domain; Xen's xl has no command.

``python libxl_resume.py DOMID``. It lets a domain go on that was shut down with the
reason suspend: libxl has the device model continue, Xen clear the shut-down state, and
xenstored expect another shutdown (``@releaseDomain`` would not fire again otherwise).
libvirt's libxl driver is linked with the same library, so it is on every such host.

It runs in a process of its own because a wrong library would crash it, and because
libxl minds the signals and children of the whole process. Nothing but Python's own
library is imported, so that it starts at once.
"""

import ctypes
import glob
import re
import sys
from typing import Any

LIBRARIES = (
    "/usr/lib/*/libxenlight.so.4.*",
    "/usr/lib64/libxenlight.so.4.*",
    "/usr/lib/libxenlight.so.4.*",
    "/usr/local/lib*/libxenlight.so.4.*",
)
LOGGER = "libxentoollog.so.1"
#: XTL_NOTICE of xentoollog.h; warnings and errors come through
_LEVEL = 5
#: let the suspend call return "cancelled" to the guest, as libvirt and xl do
_COOPERATIVE = 1
_NOT_FOUND, _FAILED = 2, 1


def newest(patterns: tuple[str, ...]) -> str | None:
    """The library with the highest minor version, by the name that a program links."""
    found = [each for pattern in patterns for each in glob.glob(pattern)]
    # libxenlight.so.4.17.0 is what libxenlight.so.4.17 points to
    return max(found, key=_version, default=None)


def _version(path: str) -> tuple[list[int], int]:
    numbers = [int(each) for each in re.findall(r"\d+", path.rpartition(".so.")[2])]
    return numbers[:2], -len(numbers)


def resume(library: str, logger: str, domid: int) -> int:
    """libxl's answer: 0, or one of its negative error numbers.

    :raises OSError: a library cannot be loaded
    """
    libxl, log = ctypes.CDLL(library), ctypes.CDLL(logger)
    context = ctypes.c_void_p()
    code = int(
        libxl.libxl_ctx_alloc(ctypes.byref(context), 0, 0, ctypes.c_void_p(_sink(log)))
    )
    if code:
        return code
    code = int(
        libxl.libxl_domain_resume(context, ctypes.c_uint32(domid), _COOPERATIVE, None)
    )
    libxl.libxl_ctx_free(context)
    return code


def _sink(log: Any) -> int | None:
    """A logger of Xen's tools that writes to standard error."""
    create = log.xtl_createlogger_stdiostream
    create.restype = ctypes.c_void_p
    stderr = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")
    made: int | None = create(stderr, _LEVEL, 0)
    return made


def main(arguments: list[str]) -> int:
    """Run it; the exit code is 0 when the domain goes on."""
    library = newest(LIBRARIES)
    if library is None:
        print("libxenlight is not installed", file=sys.stderr)
        return _NOT_FOUND
    try:
        code = resume(library, LOGGER, int(arguments[0]))
    except (OSError, AttributeError) as error:
        print(error, file=sys.stderr)
        return _NOT_FOUND
    if code:
        print(f"libxl_domain_resume answered {code}", file=sys.stderr)
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
