# SPDX-License-Identifier: Apache-2.0
"""Where a guest mounts other file systems when it boots, see fstab(5)."""

import posixpath
import re

_OCTAL = re.compile(r"\\([0-7]{3})")


def mount_points(text: str) -> frozenset[str]:
    """Folders that something is mounted on at every boot, ``/`` left out."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0].startswith("#"):
            continue
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), words[1])
        options = words[3].split(",") if len(words) > 3 else []
        if point.startswith("/") and "noauto" not in options:
            found.add("/" + posixpath.normpath(point).strip("/"))
    return frozenset(found - {"/"})
