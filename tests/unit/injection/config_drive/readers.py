# SPDX-License-Identifier: Apache-2.0
"""Config drives read back with programs that had no part in their making."""

import pathlib
import shutil
import subprocess
from collections.abc import Callable, Mapping

import pytest

Reader = Callable[[pathlib.Path, pathlib.Path], dict[str, bytes]]


def _run(*command: str | pathlib.Path) -> bytes:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed (bindep.txt)")
    return subprocess.run(command, check=True, capture_output=True).stdout


def _isoinfo(extension: str) -> Reader:
    """``-R`` reads Rock Ridge, ``-J`` Joliet."""

    def read(drive: pathlib.Path, _into: pathlib.Path) -> dict[str, bytes]:
        names = _run("isoinfo", extension, "-f", "-i", drive).decode().splitlines()
        found = {}
        for name in names:
            if any(other.startswith(f"{name}/") for other in names):
                continue
            found[name.lstrip("/")] = _run(
                "isoinfo", extension, "-i", drive, "-x", name
            )
        return found

    return read


def _bsdtar(drive: pathlib.Path, into: pathlib.Path) -> dict[str, bytes]:
    _run("bsdtar", "-x", "-f", drive, "-C", into)
    return files_below(into)


def _mtools(drive: pathlib.Path, into: pathlib.Path) -> dict[str, bytes]:
    _run("mcopy", "-s", "-i", drive, "::*", into)
    return files_below(into)


def files_below(folder: pathlib.Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


READERS: Mapping[str, tuple[str, Reader]] = {
    "isoinfo, Rock Ridge": ("iso9660", _isoinfo("-R")),
    "isoinfo, Joliet": ("iso9660", _isoinfo("-J")),
    "bsdtar": ("iso9660", _bsdtar),
    "mtools": ("vfat", _mtools),
}
UNPACKERS: Mapping[str, Reader] = {"iso9660": _bsdtar, "vfat": _mtools}
