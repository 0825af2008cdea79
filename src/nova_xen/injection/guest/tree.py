# SPDX-License-Identifier: Apache-2.0
"""Edits carried out on a guest's tree."""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator

from nova_xen.injection.guest import selinux
from nova_xen.injection.guest.edits import Edit, MakeFolder, WriteFile
from nova_xen.injection.guest.handle import Handle
from nova_xen.injection.guest.nodes import Node, Place, locate, look
from nova_xen.injection.guest.problems import Refused
from nova_xen.model import MIB

#: a message of libguestfs has at most 4 MiB
_CHUNK = 2 * MIB
_FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))
_NEW_FILE, _NEW_FOLDER = 0o644, 0o755
_ROOT = 0


class Tree:
    """A guest's tree that is changed.

    :param owners: whether the file system of a path knows owners and modes
    :param labels: whether the guest runs SELinux
    :param covered: folders on which the guest mounts what is not mounted here
    """

    def __init__(
        self,
        handle: Handle,
        owners: Callable[[str], bool],
        *,
        labels: bool,
        covered: frozenset[str] = frozenset(),
    ) -> None:
        self._handle = handle
        self._covered = covered
        self._owners = owners
        self._labels = labels
        self._unlabelled = False

    def apply(self, edits: Iterable[Edit]) -> None:
        """Carry out all edits in order.

        :raises Refused: something stands in the way
        """
        for edit in edits:
            match edit:
                case MakeFolder():
                    self._make_own_folder(edit)
                case WriteFile():
                    self._write(edit)
        if self._unlabelled:
            self._unlabelled = False
            self._write(WriteFile(path=selinux.AUTORELABEL, content=b""))

    def _make_own_folder(self, edit: MakeFolder) -> None:
        place = locate(self._handle, edit.path, self._covered)
        node = None if place.missing else look(self._handle, place.path)
        if node is None:
            with _full_told(edit.path):
                self._make_folders(place, edit.path)
                self._make_folder(place.path, edit.mode, edit.path)
        elif node.is_folder:
            self._own(place.path, edit.mode, _ROOT, _ROOT)
        else:
            raise Refused(f"{edit.path} is {node.kind} in this image and no folder")

    def _write(self, edit: WriteFile) -> None:
        place = locate(self._handle, edit.path, self._covered)
        old = None if place.missing else look(self._handle, place.path)
        _check_replaceable(edit, old)
        if old is not None and not old.is_file:
            old = None
        with _full_told(edit.path):
            self._make_folders(place, edit.path)
            self._put(edit, place, old)

    def _make_folders(self, place: Place, asked: str) -> None:
        path = place.folder
        for number, name in enumerate(place.missing):
            path = f"{path.rstrip('/')}/{name}"
            above = len(place.missing) - number
            self._make_folder(path, _NEW_FOLDER, asked.rsplit("/", above)[0])

    def _make_folder(self, path: str, mode: int, asked: str) -> None:
        self._handle.mkdir_mode(path, mode)
        self._own(path, mode, _ROOT, _ROOT)
        self._label(path, path, None, asked)

    def _put(self, edit: WriteFile, place: Place, old: Node | None) -> None:
        """Write beside it and rename: what has other names keeps them as they were."""
        label = self._label_of(place.path) if old else None
        part = f"{place.parent.rstrip('/')}/.nx-{secrets.token_hex(8)}"
        self._write_content(part, edit.content)
        mode = edit.mode if edit.mode is not None else _mode_of(old)
        keep = old is not None and not edit.owned
        uid, gid = (old.uid, old.gid) if keep and old else (_ROOT, _ROOT)
        self._own(part, mode, uid, gid)
        self._label(part, place.path, label, edit.path)
        self._handle.rename(part, place.path)

    def _write_content(self, path: str, content: bytes) -> None:
        self._handle.write(path, content[:_CHUNK])
        for start in range(_CHUNK, len(content), _CHUNK):
            self._handle.write_append(path, content[start : start + _CHUNK])

    def _own(self, path: str, mode: int, uid: int, gid: int) -> None:
        if self._owners(path):
            self._handle.lchown(uid, gid, path)
            self._handle.chmod(mode, path)

    def _label(self, path: str, final: str, old: str | None, asked: str) -> None:
        """Label ``path``, which is to be ``final`` and was asked for as ``asked``."""
        if not self._labels or not self._owners(path):
            return
        parent = self._label_of(final.rpartition("/")[0] or "/")
        label = selinux.label_for(final, old, parent, asked)
        if label is None:
            self._unlabelled = True
            return
        # a label on a disk ends with a zero, which the call cannot be given
        self._handle.lsetxattr(selinux.XATTR, label, len(label.encode()), path)

    def _label_of(self, path: str) -> str | None:
        if not self._labels:
            return None
        try:
            found = self._handle.lgetxattr(path, selinux.XATTR)
        except RuntimeError:
            return None
        return found.decode("ascii", "replace").rstrip("\0") or None


@contextlib.contextmanager
def _full_told(path: str) -> Iterator[None]:
    """A file system that is full is the image's fault, not libguestfs's."""
    try:
        yield
    except RuntimeError as error:
        if any(words in str(error) for words in _FULL):
            raise Refused(
                f"its file system has no space left for {path}",
                "make the image's file system larger",
            ) from error
        raise


def _mode_of(old: Node | None) -> int:
    return old.mode if old else _NEW_FILE


def _check_replaceable(edit: WriteFile, old: Node | None) -> None:
    if old is None or old.is_file or (old.is_link and not edit.keep_link):
        return
    raise Refused(f"{edit.path} is {old.kind} in this image")
