# SPDX-License-Identifier: Apache-2.0
"""Folders that options name: whether they can be used, and on what they are."""

import os
import re

from nova_xen.examination.places import Places
from nova_xen.model.doctor import FolderFacts, MountFacts

MOUNTS = "/proc/self/mountinfo"
#: how the kernel writes blanks and backslashes in a path (proc_pid_mountinfo(5))
_OCTAL = re.compile(r"\\([0-7]{3})")


def folder_facts(option: str, path: str, places: Places) -> FolderFacts:
    """What is there of a folder, or of the way to it; nothing is made."""
    nearest = nearest_of(path)
    return FolderFacts(
        option=option,
        path=path,
        nearest=nearest,
        folder=os.path.isdir(nearest),
        writable=os.access(nearest, os.W_OK | os.X_OK),
        free=free_bytes(nearest),
        mount=_mount_of(os.path.realpath(nearest), places),
    )


def nearest_of(path: str) -> str:
    """The path, or the nearest folder above it that is there."""
    while not os.path.lexists(path) and path != "/":
        path = os.path.dirname(path)
    return path


def free_bytes(path: str) -> int | None:
    """Bytes that this user may still write; None when nobody says."""
    try:
        status = os.statvfs(path)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize


def _mount_of(path: str, places: Places) -> MountFacts | None:
    try:
        text = places.at(MOUNTS).read_text(errors="replace")
    except OSError:
        return None
    found = None
    for line in text.splitlines():
        mount = parse_mount(line)
        if mount is None or not _is_below(path, mount.point):
            continue
        # of two at one point the later one lies on top
        if found is None or len(mount.point) >= len(found.point):
            found = mount
    return found


def _is_below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def parse_mount(line: str) -> MountFacts | None:
    """A line of mountinfo; None for one that is not understood."""
    first, dash, second = line.partition(" - ")
    fields, kinds = first.split(" "), second.split(" ")
    if not dash or len(fields) < 6 or len(kinds) < 3:
        return None
    return MountFacts(
        point=_plain(fields[4]),
        source=_plain(kinds[1]),
        kind=kinds[0],
        options=frozenset(f"{fields[5]},{kinds[2]}".split(",")),
    )


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
