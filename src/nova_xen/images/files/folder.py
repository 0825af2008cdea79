# SPDX-License-Identifier: Apache-2.0
"""The folder of an instance, ``<instances_path>/<uuid>`` as Nova lays it out.

A folder is made with the marker ``.building`` in it, which its maker keeps locked and
removes when the server is complete. A marker that nobody holds tells the next start
of a maker that died. Folders come and go whole: each is prepared or taken apart under
a hidden name.
"""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import uuid as uuids
from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.images.files.lock import locked, try_lock
from nova_xen.images.files.part import remove_file, sync
from nova_xen.images.tools.tool import os_failure

MARKER = ".building"
#: a device model that gave up root may still pass through
_MODE = 0o711
_NEW = ".new"
_GONE = ".removing"


def folder_of(instances_path: str, uuid: str) -> str:
    """The folder of an instance, directly below ``instances_path``.

    :raises InvalidRequest: ``uuid`` is none, so that it could lead elsewhere
    """
    if not _is_uuid(uuid):
        raise exceptions.InvalidRequest(
            server=uuid, why="its folder is named by a UUID and that is none"
        )
    return os.path.join(instances_path, uuid)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuids.UUID(text)) == text
    except ValueError:
        return False


@dataclasses.dataclass
class BuildingFolder:
    """A folder whose server is not complete yet, for as long as this process lives."""

    instances_path: str
    uuid: str
    server: str
    marker: int | None

    @property
    def path(self) -> str:
        return folder_of(self.instances_path, self.uuid)

    def finish(self) -> None:
        """The server is complete: the folder stays."""
        remove_file(os.path.join(self.path, MARKER))
        self._release()

    def abandon(self) -> None:
        """Undo: the folder goes, with all that is in it."""
        try:
            remove_folder(self.instances_path, self.uuid, server=self.server)
        finally:
            self._release()

    def _release(self) -> None:
        if self.marker is not None:
            os.close(self.marker)
            self.marker = None


def create_folder(instances_path: str, uuid: str, *, server: str) -> BuildingFolder:
    """Make the folder of an instance, with the marker of an unfinished one.

    :raises ServerExists: there is one already
    :raises NotEnoughDisk, ToolFailed:
    """
    folder = folder_of(instances_path, uuid)
    with _failing(server, f"making the folder {folder}", instances_path):
        os.makedirs(instances_path, mode=_MODE, exist_ok=True)
        with _changing(instances_path):
            if os.path.lexists(folder):
                raise exceptions.ServerExists(server=server)
            new = _hidden(folder, _NEW)
            _remove_tree(new)
            os.mkdir(new)
            os.chmod(new, _MODE)
            marker = try_lock(os.path.join(new, MARKER))
            os.rename(new, folder)
            sync(instances_path)
    return BuildingFolder(instances_path, uuid, server, marker)


def mark_unfinished(instances_path: str, uuid: str) -> None:
    """Mark a whole server's folder, so that a removal cut short is gone on with.

    :raises ToolFailed: the file system refused
    """
    folder = folder_of(instances_path, uuid)
    with (
        _failing(uuid, f"marking the folder {folder}", instances_path),
        contextlib.suppress(FileNotFoundError),
    ):
        pathlib.Path(folder, MARKER).touch()
        sync(folder)


def remove_folder(instances_path: str, uuid: str, *, server: str = "") -> None:
    """Remove the folder of an instance, there or not; links in it are not followed.

    :raises ToolFailed: the file system refused
    """
    folder = folder_of(instances_path, uuid)
    with _failing(server or uuid, f"removing the folder {folder}", instances_path):
        gone = _hidden(folder, _GONE)
        _remove_tree(gone)
        _remove_tree(_hidden(folder, _NEW))
        with contextlib.suppress(FileNotFoundError):
            os.rename(folder, gone)
        _remove_tree(gone)


def list_unfinished(instances_path: str) -> tuple[str, ...]:
    """UUIDs of folders whose maker died before the server was complete.

    :raises ToolFailed: the file system refused
    """
    with _failing("", "looking for unfinished servers", instances_path):
        return tuple(
            name
            for name in sorted(_names(instances_path))
            if _is_uuid(name) and _is_dead(os.path.join(instances_path, name))
        )


def sweep_leftovers(instances_path: str) -> None:
    """Remove what was left of folders while they were being made or removed.

    :raises ToolFailed: the file system refused
    """
    with _failing("", "removing leftovers of folders", instances_path):
        for name in _names(instances_path):
            uuid, suffix = os.path.splitext(name.removeprefix("."))
            if name.startswith(".") and suffix in (_NEW, _GONE) and _is_uuid(uuid):
                with _changing(instances_path):
                    _remove_tree(os.path.join(instances_path, name))


def _names(instances_path: str) -> list[str]:
    try:
        return os.listdir(instances_path)
    except FileNotFoundError:
        return []


def _is_dead(folder: str) -> bool:
    """Never make the marker here: its holder may finish at this very moment."""
    held = try_lock(os.path.join(folder, MARKER), create=False)
    if held is None:
        return False
    os.close(held)
    return True


def _hidden(folder: str, suffix: str) -> str:
    parent, name = os.path.split(folder)
    return os.path.join(parent, f".{name}{suffix}")


def _remove_tree(path: str) -> None:
    """Remove a folder, or a link or file in its place, never what a link leads to."""
    if os.path.islink(path) or os.path.isfile(path):
        remove_file(path)
        return
    while os.path.lexists(path):
        # another process may be removing the same files
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)


@contextlib.contextmanager
def _changing(instances_path: str) -> Iterator[None]:
    """One at a time makes a folder or sweeps, so that no sweep hits a new one."""
    locks = os.path.join(instances_path, "locks")
    os.makedirs(locks, mode=_MODE, exist_ok=True)
    with locked(os.path.join(locks, "nova-xen-folders")):
        yield


@contextlib.contextmanager
def _failing(server: str, doing: str, folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise os_failure(error, server=server, doing=doing, folder=folder) from error
