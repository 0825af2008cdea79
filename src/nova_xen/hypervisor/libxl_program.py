# SPDX-License-Identifier: Apache-2.0
"""A program of its own: what libxl does and Xen's xl has no command for.

``python libxl_program.py resume DOMID`` lets a domain go on that was shut down with the
reason suspend: libxl has the device model continue, Xen clear the shut-down state, and
xenstored expect another shutdown (``@releaseDomain`` would not fire again otherwise).

``python libxl_program.py pause-suspended DOMID JOURNAL`` waits until the domain is
suspended and pauses it then, so that it stays where it is when somebody resumes it. It
prints ``ready`` as it begins to look. It ends when the domain does and, once whoever
started it has closed its standard input, when the file JOURNAL is gone: a process that
dies leaves it at work. :mod:`nova_xen.hypervisor.pause_mark` tells of the file beside
the journal that it keeps.

libvirt's libxl driver is linked with the same library, so it is on every such host. It
is called in a process of its own because a wrong library would crash it, and because
libxl minds the signals and children of the whole process. Nothing but Python's own
library is imported, so that it starts at once.
"""

import ctypes
import fcntl
import glob
import os
import re
import select
import sys
import time
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
#: LIBXL_SHUTDOWN_REASON_SUSPEND and ERROR_DOMAIN_NOTFOUND of libxl_types.idl
_SUSPEND, _GONE = 2, -21
#: exit codes
_FAILED, _NOT_FOUND, _MISUSED = 1, 2, 64
#: seconds between two looks at the domain, each of one hypercall; a last pass takes
#: longer on any host
_TICK = 0.02


class _Info(ctypes.Structure):
    """libxl_dominfo up to what is read of it (libxl_types.idl of Xen 4.7 to 4.20)."""

    _fields_ = (
        ("uuid", ctypes.c_uint8 * 16),
        ("domid", ctypes.c_uint32),
        ("ssidref", ctypes.c_uint32),
        ("ssid_label", ctypes.c_void_p),
        ("running", ctypes.c_bool),
        ("blocked", ctypes.c_bool),
        ("paused", ctypes.c_bool),
        ("shutdown", ctypes.c_bool),
        ("dying", ctypes.c_bool),
        ("never_stop", ctypes.c_bool),
        ("shutdown_reason", ctypes.c_int),
        # what follows differs from version to version and is far shorter
        ("rest", ctypes.c_uint8 * 1024),
    )


class Refused(Exception):
    """libxl answered with one of its negative error numbers."""


class Libxl:
    """libxl for one domain.

    :raises OSError: a library cannot be loaded
    :raises Refused: it cannot be asked
    """

    def __init__(self, library: str, logger: str, domid: int) -> None:
        self._libxl, log = ctypes.CDLL(library), ctypes.CDLL(logger)
        self._domid = ctypes.c_uint32(domid)
        self._context = ctypes.c_void_p()
        to, sink = ctypes.byref(self._context), ctypes.c_void_p(_sink(log))
        _require("libxl_ctx_alloc", self._libxl.libxl_ctx_alloc(to, 0, 0, sink))

    def resume(self) -> None:
        """Let it go on from a suspension."""
        code = self._libxl.libxl_domain_resume(
            self._context, self._domid, _COOPERATIVE, None
        )
        _require("libxl_domain_resume", code)

    def pause(self) -> None:
        """Have Xen pause it; a domain can be paused and suspended at once."""
        # before Xen 4.12 the last one is not there, and not looked at
        code = self._libxl.libxl_domain_pause(self._context, self._domid, None)
        _require("libxl_domain_pause", code)

    def unpause(self) -> None:
        """Take back one pause."""
        code = self._libxl.libxl_domain_unpause(self._context, self._domid, None)
        _require("libxl_domain_unpause", code)

    def suspended(self) -> bool | None:
        """Whether it is; None when it is gone."""
        info = _Info()
        self._libxl.libxl_dominfo_init(ctypes.byref(info))
        code = self._libxl.libxl_domain_info(
            self._context, ctypes.byref(info), self._domid
        )
        try:
            if code == _GONE:
                return None
            _require("libxl_domain_info", code)
            if info.domid != self._domid.value:
                raise Refused("libxl_domain_info tells of a domain in another way")
            return bool(info.shutdown and info.shutdown_reason == _SUSPEND)
        finally:
            self._libxl.libxl_dominfo_dispose(ctypes.byref(info))

    def close(self) -> None:
        """Let go of libxl."""
        self._libxl.libxl_ctx_free(self._context)


def _require(what: str, code: int) -> None:
    if code:
        raise Refused(f"{what} answered {code}")


def _sink(log: Any) -> int | None:
    """A logger of Xen's tools that writes to standard error."""
    create = log.xtl_createlogger_stdiostream
    create.restype = ctypes.c_void_p
    stderr = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")
    made: int | None = create(stderr, _LEVEL, 0)
    return made


class Mark:
    """The file whose lock tells of this program, and whose text of what it pauses.

    :raises Refused: another program is at work
    """

    def __init__(self, path: str) -> None:
        self._number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise Refused(f"another program holds {path}") from None

    def tells_of(self, domid: int) -> bool:
        """Whether a program before this one has paused the domain."""
        return os.pread(self._number, 64, 0).strip() == b"%d" % domid

    def tell_of(self, domid: int) -> None:
        """Tell that the domain is paused, or is to be in a moment."""
        text = b"%d\n" % domid
        os.pwrite(self._number, text, 0)
        os.ftruncate(self._number, len(text))


def pause_suspended(libxl: Libxl, domid: int, journal: str) -> None:
    """Wait until it is suspended, and pause it.

    :raises Refused: libxl does not tell, or cannot
    """
    mark = Mark(f"{journal}.pausing")
    if mark.tells_of(domid):
        print("ready", flush=True)
        return
    alone = False
    suspended = libxl.suspended()
    print("ready", flush=True)
    while suspended is False:
        alone = _tick(alone)
        if alone and not os.path.exists(journal):
            return
        suspended = libxl.suspended()
    if suspended is None:
        return
    mark.tell_of(domid)
    libxl.pause()
    if alone and not os.path.exists(journal):
        # somebody settled it just now, and did not see this pause
        libxl.unpause()


def _tick(alone: bool) -> bool:
    """Wait; whether nobody has the other end of the input any more."""
    if alone:
        time.sleep(_TICK)
        return True
    ready, _, _ = select.select([0], [], [], _TICK)
    return bool(ready) and not os.read(0, 1)


def newest(patterns: tuple[str, ...]) -> str | None:
    """The library with the highest minor version, by the name that a program links."""
    found = [each for pattern in patterns for each in glob.glob(pattern)]
    # libxenlight.so.4.17.0 is what libxenlight.so.4.17 points to
    return max(found, key=_version, default=None)


def _version(path: str) -> tuple[list[int], int]:
    numbers = [int(each) for each in re.findall(r"\d+", path.rpartition(".so.")[2])]
    return numbers[:2], -len(numbers)


def main(arguments: list[str]) -> int:
    """Run it; the exit code is 0 when it did what it was asked for."""
    library = newest(LIBRARIES)
    if library is None:
        print("libxenlight is not installed", file=sys.stderr)
        return _NOT_FOUND
    try:
        libxl = Libxl(library, LOGGER, int(arguments[1]))
        match arguments:
            case ["resume", _]:
                libxl.resume()
            case ["pause-suspended", _, journal]:
                pause_suspended(libxl, int(arguments[1]), journal)
            case _:
                return _MISUSED
        libxl.close()
    except (OSError, AttributeError) as error:
        print(error, file=sys.stderr)
        return _NOT_FOUND
    except Refused as error:
        print(error, file=sys.stderr)
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
