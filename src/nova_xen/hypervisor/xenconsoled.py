# SPDX-License-Identifier: Apache-2.0
"""Where xenconsoled logs what guests print, by the options it was started with.

``--log=guest`` or ``--log=all`` makes it keep guest-NAME.log for PV and PVH guests
(and HVM guests that use hvc0); ``--log-dir`` moves them (xenconsoled(8)).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

DEFAULT_DIR = "/var/log/xen/console"
_LOGGING = {"guest", "all"}


def console_log_dir(proc: Path = Path("/proc")) -> str | None:
    """The folder of guests' logs; None when no xenconsoled runs that keeps any."""
    options = daemon_options(proc)
    return None if options is None else log_dir_of(options)


def daemon_options(proc: Path = Path("/proc")) -> list[str] | None:
    """The options that xenconsoled was started with; None when none runs."""
    for arguments in _commands(proc):
        if Path(arguments[0]).name == "xenconsoled":
            return arguments[1:]
    return None


def log_dir_of(options: list[str]) -> str | None:
    """The folder by the daemon's options; None when it keeps no logs of guests."""
    if _option(options, "--log") not in _LOGGING:
        return None
    return _option(options, "--log-dir") or DEFAULT_DIR


def _option(options: list[str], name: str) -> str | None:
    """The last value of ``--name value`` or ``--name=value``, as getopt_long reads."""
    value = None
    for index, each in enumerate(options):
        if each.startswith(f"{name}="):
            value = each.partition("=")[2]
        elif each == name and index + 1 < len(options):
            value = options[index + 1]
    return value


def _commands(proc: Path) -> Iterator[list[str]]:
    for name in sorted(filter(str.isdecimal, os.listdir(proc)), key=int):
        # a process may end between being listed and being read
        with contextlib.suppress(OSError), open(f"{proc}/{name}/cmdline", "rb") as file:
            arguments = file.read().decode(errors="replace").split("\0")
            if arguments[0]:
                yield arguments[:-1]
