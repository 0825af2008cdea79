# SPDX-License-Identifier: Apache-2.0
"""Runs in dom0: the command nova-xen with its modules loaded once.

On an emulated host the imports take most of a short command's time. Each command is a
process of its own, forked from this one, and the command's own code from main() on.
Reads one JSON array of arguments a line and answers one JSON line.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from typing import IO, Any

import nova_xen.cli
from nova_xen.cli.app import main as command

#: what commands import within their work
_LATE = (
    "cliff.formatters.json_format",
    "cliff.formatters.table",
    "nova_xen.driver",
    "nova_xen.operations.interfaces",
    "nova_xen.operations.media",
    "nova_xen.operations.volumes",
    "oslo_utils.imageutils.format_inspector",
)


def preload() -> None:
    """Import what commands import when they are first asked for."""
    for module in pkgutil.iter_modules(nova_xen.cli.__path__):
        importlib.import_module(f"nova_xen.cli.{module.name}")
    for name in _LATE:
        importlib.import_module(name)


def run(arguments: list[str], out: IO[bytes], err: IO[bytes]) -> int:
    """The command's exit code, as a shell tells it; the child never comes back."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.argv = ["nova-xen", *arguments]
        sys.exit(command())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def answer(arguments: list[str]) -> dict[str, Any]:
    """What the command printed, and how it ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = run(arguments, out, err)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return {"code": code, "out": texts[0], "err": texts[1]}


def main() -> None:
    """Answer until the input ends."""
    preload()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
