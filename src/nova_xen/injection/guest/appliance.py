# SPDX-License-Identifier: Apache-2.0
"""libguestfs's appliance: a small virtual machine that has one disk of one guest.

Used by the worker alone. What libguestfs and the appliance say of themselves goes
into a file, of which the tail is shown when they fail; it names files that are
written and never tells their content.
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from nova_xen.injection.guest.guardian import LOG
from nova_xen.injection.guest.launching import launch_problem
from nova_xen.injection.guest.partitions import last_line
from nova_xen.injection.guest.problems import Failed, Unavailable
from nova_xen.injection.guest.request import Request

_MORE = "the option [guestfs] debug has the appliance tell each step of its start"
_DEBIAN = "/usr/lib/python3/dist-packages"


def import_guestfs() -> ModuleType:
    """Debian's binding, also from a virtualenv that does not see Debian's packages.

    :raises Unavailable: it is not installed, or is another Python's
    """
    try:
        return importlib.import_module("guestfs")
    except ImportError:
        sys.path.append(_DEBIAN)
    try:
        return importlib.import_module("guestfs")
    except ImportError as error:
        if not os.path.exists(f"{_DEBIAN}/guestfs.py"):
            raise Unavailable(
                "libguestfs's module for Python is not installed",
                "apt install python3-guestfs linux-image-cloud-amd64",
            ) from error
        version = ".".join(map(str, sys.version_info[:2]))
        raise Unavailable(
            f"libguestfs's module is Debian's own Python's and this is Python {version}"
            f" of {sys.prefix} ({error})",
            "make the virtualenv anew with /usr/bin/python3 -m venv",
        ) from error
    finally:
        if _DEBIAN in sys.path[-1:]:
            sys.path.pop()


def start(request: Request, say: Callable[[str], None]) -> Any:
    """A running appliance with the request's disk and nothing mounted.

    It is the caller's to close, which ends it.

    :param say: told what is waited for, when it takes long
    :raises Unavailable, Failed:
    """
    guestfs = import_guestfs()
    handle = guestfs.GuestFS(python_return_dict=True, close_on_exit=False)
    try:
        _configure(handle, request)
        log = _keep_log(guestfs, handle, request)
        _tell_progress(guestfs, handle, say)
        _check_emulator(handle)
        # always with its format: what probes may be led to a file of the host
        handle.add_drive_opts(
            request.path, format=request.format.qemu_img, cachemode="unsafe"
        )
        _launch(handle, log)
    except BaseException:
        handle.close()
        raise
    return handle


def _launch(handle: Any, log: Path) -> None:
    try:
        handle.launch()
    except RuntimeError as error:
        text = log.read_text("utf-8", "replace")
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{last_line(error)}; {_MORE}\n")
        raise launch_problem(str(error), text) from error


def stop(handle: Any) -> None:
    """Unmount, and end the machine: from here on the disk holds all that was written.

    :raises Failed: it does not, perhaps
    """
    try:
        # autosync has it unmount all, and fail when that fails
        handle.shutdown()
    except RuntimeError as error:
        raise Failed(last_line(error), "closing the disk") from error


def _configure(handle: Any, request: Request) -> None:
    """Without KVM, which a Xen host has not, and without a network."""
    handle.set_backend("direct")
    handle.set_backend_settings(["force_tcg"])
    try:
        handle.set_memsize(request.memory_mib)
    except RuntimeError as error:
        raise Unavailable(
            f"libguestfs does not take its settings ({last_line(error)})",
            "set [xen] guestfs_memory to 256 or more",
        ) from error
    handle.set_smp(1)
    handle.set_network(False)
    handle.set_autosync(True)
    # ends the emulator when this process dies without a word
    handle.set_recovery_proc(True)
    handle.set_tmpdir(request.folder)
    handle.set_cachedir(request.cache)


def _keep_log(guestfs: ModuleType, handle: Any, request: Request) -> Path:
    """Write down all messages; traces would hold what is written, so there are none.

    An appliance that tells each step of its own takes an eighth longer to start, on an
    emulated serial line; quiet, it still tells errors of QEMU and of its kernel.
    """
    path = Path(request.folder, LOG)
    file = path.open("w", encoding="utf-8", errors="replace", buffering=1)

    def write(_event: int, _handle: int, text: str, _more: list[int]) -> None:
        file.write(text)

    handle.set_trace(False)
    handle.set_verbose(request.debug)
    kinds = guestfs.EVENT_APPLIANCE | guestfs.EVENT_LIBRARY | guestfs.EVENT_WARNING
    handle.set_event_callback(write, kinds)
    return path


def _tell_progress(
    guestfs: ModuleType, handle: Any, say: Callable[[str], None]
) -> None:
    """A start that takes more than five seconds has parts, which libguestfs tells.

    See guestfs_set_event_callback(3): position in twelfths, built after three.
    """

    def told(_event: int, _handle: int, _text: str, numbers: list[int]) -> None:
        _call, _serial, position, total = numbers
        if position < total:
            say(f"starting its appliance ({position} of {total})")

    handle.set_event_callback(told, guestfs.EVENT_PROGRESS)


def _check_emulator(handle: Any) -> None:
    emulator = handle.get_hv()
    if not os.access(emulator, os.X_OK):
        raise Unavailable(
            f"there is no {emulator} to run libguestfs's appliance",
            "apt install qemu-system-x86",
        )
