# SPDX-License-Identifier: Apache-2.0
"""A program of its own: what libxl does and Xen's xl has no command for.

``resume LIBRARY DOMID`` lets a domain go on that was shut down with the reason suspend:
libxl has the device model continue, Xen clear the shut-down state, and xenstored expect
another shutdown (``@releaseDomain`` would not fire again otherwise).

``pause-suspended LIBRARY DOMID JOURNAL`` waits for a byte on its standard input, and
then until the domain is suspended, and pauses it then, so that it stays where it is
when somebody resumes it. It prints ``ready`` as it begins to look. It ends when the
domain does and, once whoever started it has closed its standard input, when the file
JOURNAL is gone: a process that dies leaves it at work.
The file that it keeps beside the journal is :mod:`nova_xen.hypervisor.pause_mark`'s.

libvirt's libxl driver is linked with the same library, so it is on every such host. It
is called in a process of its own because a wrong library would crash it, and because
libxl minds the signals and children of the whole process. Little is imported, so that
it starts at once; :mod:`nova_xen.hypervisor.libxl_command` runs it.
"""

import ctypes
import fcntl
import os
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOGGER = "libxentoollog.so.1"
#: XTL_NOTICE of xentoollog.h; warnings and errors come through
_LEVEL = 5
#: let the suspend call return "cancelled" to the guest, as libvirt and xl do
_COOPERATIVE = 1
#: LIBXL_SHUTDOWN_REASON_SUSPEND and ERROR_DOMAIN_NOTFOUND of libxl_types.idl
_SUSPEND, _GONE = 2, -21
#: exit codes
_FAILED, _NOT_FOUND, _MISUSED = 1, 2, 64
XENSTORE = "libxenstore.so.4"
#: what xenstored fires when a domain is shut down, suspended too, or gone
_RELEASED = b"@releaseDomain"
#: seconds between two looks at the domain where xenstored tells nothing of it
_TICK = 0.5
#: seconds that it stays when it is done: its end would take a processor of Domain-0
#: from the last pass, in which the guest stands still
LINGER = 5.0
#: bytes of the number in a mark, which never grows
_WIDTH = 16


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

    def look(self) -> tuple[bool, bool] | None:
        """Whether it is suspended, and whether it is paused; None when it is gone."""
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
            suspended = info.shutdown and info.shutdown_reason == _SUSPEND
            return bool(suspended), bool(info.paused)
        finally:
            self._libxl.libxl_dominfo_dispose(ctypes.byref(info))

    def close(self) -> None:
        """Let go of libxl."""
        self._libxl.libxl_ctx_free(self._context)


def _require(what: str, code: int) -> None:
    if code:
        raise Refused(f"{what} answered {code}")


def _sink(log: "Any") -> int | None:
    """A logger of Xen's tools that writes to standard error."""
    create = log.xtl_createlogger_stdiostream
    create.restype = ctypes.c_void_p
    stderr = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stderr")
    made: int | None = create(stderr, _LEVEL, 0)
    return made


class Waking:
    """What ends the wait for the next look; xenstore.h has its calls.

    With fifty looks a second instead, migrations between emulated hosts took 1.13 times
    as long as virsh's (doc/contributor/benchmarks.rst).

    :raises OSError: xenstored cannot be reached
    """

    def __init__(self, library: str) -> None:
        self._store = ctypes.CDLL(library, use_errno=True)
        self._store.xs_open.restype = ctypes.c_void_p
        self._store.xs_watch.restype = ctypes.c_bool
        self._store.xs_check_watch.restype = ctypes.c_void_p
        self._free = ctypes.CDLL(None).free
        self._handle = ctypes.c_void_p(self._store.xs_open(ctypes.c_ulong(0)))
        if not self._handle or not self._store.xs_watch(self._handle, _RELEASED, b""):
            raise OSError(ctypes.get_errno(), "xenstored cannot be watched")
        self._words: list[int] = [self._store.xs_fileno(self._handle)]
        #: whether nobody has the other end of the input any more
        self.alone = False

    def wait(self) -> None:
        """Wait for word of a domain, for the end of who started this, or a while."""
        inputs = self._words if self.alone else [*self._words, 0]
        ready, _, _ = select.select(inputs, [], [], _TICK)
        # the connection to an xenstored that has died is ready for ever
        if self._words and self._words[0] in ready and not self._taken():
            self._words.clear()
        self.alone = self.alone or (0 in ready and not os.read(0, 1))

    def _taken(self) -> bool:
        """Take every word there is; whether there was one."""
        taken = False
        while event := self._store.xs_check_watch(self._handle):
            self._free(ctypes.c_void_p(event))
            taken = True
        return taken


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
        # the disk may be full when it counts
        if not os.pread(self._number, _WIDTH, 0):
            os.pwrite(self._number, b" " * _WIDTH, 0)
            os.fsync(self._number)

    def tells_of(self, domid: int) -> bool:
        """Whether a program before this one has paused the domain."""
        return os.pread(self._number, _WIDTH, 0).strip() == b"%d" % domid

    def tell_of(self, domid: int) -> None:
        """Tell that the domain is paused, or is to be in a moment."""
        os.pwrite(self._number, (b"%d" % domid).ljust(_WIDTH), 0)


def pause_suspended(libxl: Libxl, waking: Waking, domid: int, journal: str) -> None:
    """Wait to be told, and until it is suspended, and pause it.

    :raises Refused: libxl does not tell, or cannot
    """
    if not os.read(0, 1):
        return
    mark = Mark(f"{journal}.pausing")
    seen = libxl.look()
    try:  # noqa: SIM105 (contextlib takes long to import)
        os.write(1, b"ready\n")
    except OSError:
        pass  # who started it may be gone already
    while seen is not None and not seen[0]:
        waking.wait()
        if waking.alone and not os.path.exists(journal):
            return
        seen = libxl.look()
    # Xen counts pauses, and a program before this one may have made its own
    if seen is None or (seen[1] and mark.tells_of(domid)):
        return
    mark.tell_of(domid)
    libxl.pause()
    if os.path.exists(journal):
        select.select([0], [], [], LINGER)
        return
    waking.wait()
    if waking.alone:
        # somebody settled it just now, and did not see this pause
        libxl.unpause()


def main(arguments: list[str]) -> int:
    """Run it; the exit code is 0 when it did what it was asked for."""
    try:
        match arguments:
            case [_, "", *_]:
                print("libxenlight is not installed", file=sys.stderr)
                return _NOT_FOUND
            case ["resume", library, domid]:
                libxl = Libxl(library, LOGGER, int(domid))
                libxl.resume()
            case ["pause-suspended", library, domid, journal]:
                libxl = Libxl(library, LOGGER, int(domid))
                pause_suspended(libxl, Waking(XENSTORE), int(domid), journal)
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
