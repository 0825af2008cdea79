# SPDX-License-Identifier: Apache-2.0
"""Facts read from a guest's tree."""

import posixpath
from collections.abc import Iterable

from nova_xen.injection.guest.facts import LOOKED_AT, READ, GuestFacts
from nova_xen.injection.guest.handle import Handle, Reader
from nova_xen.injection.guest.nodes import locate, look
from nova_xen.injection.guest.problems import Refused
from nova_xen.model import MIB

#: more than any of the files that are read
_MOST_READ = MIB


class _Remembered:
    """Looks at every node once, and at all of a folder that will be asked for.

    Each look is a call into the appliance, of some 10 ms.
    """

    def __init__(self, handle: Handle, wanted: Iterable[str]) -> None:
        self._handle = handle
        self._wanted = _by_folder(wanted)
        self._nodes: dict[tuple[str, str], dict[str, int]] = {}
        self.readlink = handle.readlink
        self.pread = handle.pread

    def lstatnslist(self, path: str, names: list[str]) -> list[dict[str, int]]:
        if any((path, name) not in self._nodes for name in names):
            asked = sorted({*names, *self._wanted.get(path, ())})
            found = self._handle.lstatnslist(path, asked)
            for name, node in zip(asked, found, strict=True):
                self._nodes[path, name] = node
        return [self._nodes[path, name] for name in names]


def _by_folder(paths: Iterable[str]) -> dict[str, set[str]]:
    """The names that are looked at in each folder on the way to these paths."""
    names: dict[str, set[str]] = {}
    for path in paths:
        while path != "/":
            path, name = posixpath.split(path)
            names.setdefault(path, set()).add(name)
    return names


def gather_facts(guest: Handle) -> GuestFacts:
    """Look at everything that decisions are made of."""
    handle = _Remembered(guest, (*READ, *LOOKED_AT))
    contents: dict[str, bytes] = {}
    odd: dict[str, str] = {}
    for path in READ:
        found = _read(handle, path)
        if isinstance(found, bytes):
            contents[path] = found
        elif found is not None:
            odd[path] = found
    present = frozenset(path for path in LOOKED_AT if _there(handle, path))
    return GuestFacts(contents=contents, present=present, odd=odd)


def _read(handle: Reader, path: str) -> bytes | str | None:
    """The content; or what stands there instead of a file to be read."""
    try:
        place = locate(handle, path)
    except Refused as refused:
        return f"out of reach ({refused.why})"
    node = None if place.missing else look(handle, place.path)
    if node is None:
        return None
    if not node.is_file:
        return node.kind
    if node.size > _MOST_READ:
        return f"a file of {node.size} bytes"
    # read_file goes through a file of its own and takes ten times as long
    return handle.pread(place.path, node.size, 0) if node.size else b""


def _there(handle: Reader, path: str) -> bool:
    try:
        place = locate(handle, path)
    except Refused:
        return False
    return not place.missing and look(handle, place.path) is not None
