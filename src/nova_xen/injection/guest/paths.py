# SPDX-License-Identifier: Apache-2.0
"""Paths inside a guest, as they are asked for and as they come out."""

from collections.abc import Iterable

from nova_xen.injection.guest.problems import Refused
from nova_xen.model import InjectedFile

MIB = 1024**2
MOST_FILE = 16 * MIB
MOST_FILES = 64 * MIB
_MOST_PATH = 4095
_MOST_NAME = 255
#: where a running guest mounts something else over what the disk has there
_COVERED = ("proc", "sys", "dev", "run")
_ADVICE = "name another path"


def check_files(files: Iterable[InjectedFile]) -> None:
    """Refuse files that no guest could take, before anything is started.

    :raises Refused: a path that is none, twice the same, or too much of it all
    """
    seen: set[str] = set()
    total = 0
    for file in files:
        check_path(file.path)
        if file.path in seen:
            raise Refused(f"{file.path} is asked for twice", "name each file once")
        seen.add(file.path)
        _check_size(file.path, len(file.content), MOST_FILE)
        total += len(file.content)
    _check_size("all files together", total, MOST_FILES)


def check_path(path: str) -> None:
    """Refuse a path that is not plain and absolute.

    :raises Refused: saying what is wrong with it
    """
    names = path.split("/")
    if not path.startswith("/") or path == "/":
        raise Refused(f"{path or 'an empty path'} is no absolute path", _ADVICE)
    if path.endswith("/"):
        raise Refused(f"{path} names a folder", _ADVICE)
    if any(name in ("", ".", "..") for name in names[1:]):
        raise Refused(f"{path} has an empty part, '.' or '..' in it", _ADVICE)
    if not path.isprintable():  # nor is what could not be encoded
        raise Refused(f"{path} has a character that no file name should have", _ADVICE)
    longest = max(len(name.encode()) for name in names)
    if longest > _MOST_NAME or len(path.encode()) > _MOST_PATH:
        raise Refused(f"{path[:60]}… is longer than a path can be", _ADVICE)
    check_covered(path, path)


def check_covered(
    asked: str, found: str, covered: frozenset[str] = frozenset()
) -> None:
    """Refuse a place that the running guest would not see.

    :param found: the path without links, which ``asked`` led to
    :param covered: folders on which the guest mounts what is not mounted here
    :raises Refused:
    """
    for point in sorted(covered):
        if any(
            path == point or path.startswith(f"{point}/") for path in (asked, found)
        ):
            raise Refused(
                f"{asked} would lie below {point}, where the guest mounts another file "
                "system",
                "set inject_partition to -1, or name another path",
            )
    top = found.split("/")[1]
    if top in _COVERED:
        raise Refused(
            f"{asked} would lie below /{top}, which the guest covers when it boots",
            _ADVICE,
        )


def _check_size(what: str, size: int, most: int) -> None:
    if size > most:
        raise Refused(
            f"{what} would be {size} bytes and {most} are the most",
            "put large files into the image",
        )
