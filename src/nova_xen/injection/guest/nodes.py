# SPDX-License-Identifier: Apache-2.0
"""Nodes of a guest's tree, reached without ever following a link unseen.

libguestfs's calls follow links inside the guest. So each component of a path is
looked at first, and calls get only paths that have no link in them. Nobody else
changes the disk meanwhile, so that what was looked at stays.
"""

import dataclasses
import posixpath
import stat

from nova_xen.injection.guest.handle import Reader
from nova_xen.injection.guest.paths import check_covered
from nova_xen.injection.guest.problems import Refused

#: the number libguestfs gives to a name that is not there
_MISSING = -1
#: as the kernel's MAXSYMLINKS
_MOST_LINKS = 40
_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a fifo",
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a character device",
    stat.S_IFSOCK: "a socket",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """What lstat(2) says of a node; ``mode`` are the nine bits of permission."""

    format: int
    mode: int
    uid: int
    gid: int
    size: int

    @property
    def is_file(self) -> bool:
        return self.format == stat.S_IFREG

    @property
    def is_folder(self) -> bool:
        return self.format == stat.S_IFDIR

    @property
    def is_link(self) -> bool:
        return self.format == stat.S_IFLNK

    @property
    def kind(self) -> str:
        """A noun for a sentence."""
        return _KINDS.get(self.format, "something unknown")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """Where a path leads: ``folder`` is there and has no link in it.

    ``missing`` are the folders below it that are not there, ``name`` is the last part.
    """

    folder: str
    missing: tuple[str, ...]
    name: str

    @property
    def parent(self) -> str:
        """The folder the node is in, once all are made."""
        return posixpath.join(self.folder, *self.missing)

    @property
    def path(self) -> str:
        return posixpath.join(self.parent, self.name)


def look(handle: Reader, path: str) -> Node | None:
    """The node at a path whose parents are folders and no links, or None."""
    folder, name = posixpath.split(path)
    (found,) = handle.lstatnslist(folder, [name])
    if found["st_ino"] == _MISSING:
        return None
    mode = found["st_mode"]
    return Node(
        format=stat.S_IFMT(mode),
        # never setuid of old on new content
        mode=mode & 0o777,
        uid=found["st_uid"],
        gid=found["st_gid"],
        size=found["st_size"],
    )


def locate(handle: Reader, path: str, covered: frozenset[str] = frozenset()) -> Place:
    """Where the folders of a path lead; the last part is not looked at.

    Links to folders are followed as the guest itself would, from its own root.

    :param covered: folders on which the guest mounts what is not mounted here
    :raises Refused: through something that is no folder, links that go round or lead
        nowhere, or to a place that the running guest covers
    """
    *parts, name = path.strip("/").split("/")
    current, missing = _walk(handle, path, parts)
    place = Place(folder=current, missing=tuple(missing), name=name)
    check_covered(path, place.path, covered)
    return place


def _walk(handle: Reader, path: str, parts: list[str]) -> tuple[str, list[str]]:
    """The last folder that is there, and the parts below it that are not."""
    current, links, pending = "/", 0, list(parts)
    own = len(parts)  # so many of the last parts are the path's and no link's
    while pending:
        linked = len(pending) > own
        part = pending.pop(0)
        own = min(own, len(pending))
        if part in ("", "."):
            continue
        if part == "..":
            current = posixpath.dirname(current)
            continue
        here = posixpath.join(current, part)
        node = look(handle, here)
        if node is None and not linked:
            return current, [part, *pending]
        if node is not None and node.is_folder:
            current = here
            continue
        if node is None or not node.is_link:
            what = node.kind if node else "missing"
            raise Refused(f"{path} leads through {here}, which is {what}")
        links += 1
        if links > _MOST_LINKS:
            raise Refused(f"{path} leads through links that go round")
        target = handle.readlink(here)
        pending = [*target.split("/"), *pending]
        current = "/" if target.startswith("/") else current
    return current, []
