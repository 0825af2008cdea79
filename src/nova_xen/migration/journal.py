# SPDX-License-Identifier: Apache-2.0
"""The journals of this host: what it must know of a migration when a process dies.

One file for each guest, whose last line counts, and a lock beside it that the process
which works on the migration holds. The kernel gives the lock back when that process
ends, however it ends, so the lock and never a process id tells whether it still lives.

Every journal outlives a power cut before the step that its state announces. Those that
only tell what was seen (STOPPED) do too: where the other host did not hear of it,
recovery has nothing else that tells a copy from its last pass.
"""

import contextlib
import fcntl
import functools
import logging
import os
import time
import uuid as uuids
from collections.abc import Callable, Iterator

from nova_xen import exceptions
from nova_xen.hypervisor.pause_mark import SUFFIX as PAUSING
from nova_xen.hypervisor.pause_mark import mark_of
from nova_xen.images.files.lock import try_lock
from nova_xen.images.files.part import part_name, remove_file, sync
from nova_xen.images.tools.tool import os_failure
from nova_xen.migration.json import from_json, to_json
from nova_xen.migration.lines import LARGEST, Lines, last_line
from nova_xen.migration.unsettled import FOLDER, SUFFIX
from nova_xen.migration.whole import content_of, make_folder
from nova_xen.model import MigrationJournal

LOG = logging.getLogger(__name__)

BOOT_ID = "/proc/sys/kernel/random/boot_id"
_LOCK = ".lock"
#: seconds; one who only looks whether a lock is held has it himself for a moment
_LOOKING = 0.5
_PAUSE = 0.02


@functools.cache
def boot_id(path: str = BOOT_ID) -> str:
    """The kernel's name for this run of the host, a UUID; it outlives this process."""
    with open(path, encoding="ascii") as stream:
        return stream.read().strip()


class Hold:
    """The right to work on the migration of one guest, until it is let go."""

    def __init__(self, path: str, number: int, held: set[str]) -> None:
        self._path = path
        self._number: int | None = number
        self._held = held
        held.add(path)

    def release(self) -> None:
        """Let go; once is as good as often."""
        number, self._number = self._number, None
        if number is not None:
            # removed while it is held: nobody else can have taken it meanwhile
            with contextlib.suppress(OSError):
                remove_file(self._path)
            self._held.discard(self._path)
            os.close(number)

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


class Journals:
    """The journals below ``state_path``; ``tell`` hears of files that are none.

    Whoever works on a guest's migration, or puts one right, takes its hold first, also
    where several threads share one of these objects.
    """

    def __init__(
        self, state_path: str, *, tell: Callable[[str], object] = LOG.warning
    ) -> None:
        self.folder = os.path.join(state_path, FOLDER)
        self._tell = tell
        self._held: set[str] = set()
        self._lines = Lines()

    def hold(self, uuid: str, *, patience: float = _LOOKING) -> Hold | None:
        """Take the right to work on a guest's migration; None: another has it.

        :param patience: seconds to wait for whoever has it
        :raises InvalidRequest: ``uuid`` is none
        :raises ToolFailed: the file system refused
        """
        path = self._path(uuid, _LOCK)
        with self._failing(uuid, "locking the journal of a migration"):
            make_folder(self.folder)
            end = time.monotonic() + patience
            while (number := _take(path)) is None:
                if time.monotonic() >= end:
                    return None
                time.sleep(_PAUSE)
        return Hold(path, number, self._held)

    def held(self, uuid: str) -> bool:
        """Whether the guest's hold was taken from this object and not let go."""
        return self._path(uuid, _LOCK) in self._held

    def busy(self, uuid: str) -> bool:
        """Whether somebody, this process too, works on the guest: its hold is taken.

        :raises InvalidRequest: ``uuid`` is none
        """
        path = self._path(uuid, _LOCK)
        with self._failing(uuid, "looking who works on a migration"):
            number = try_lock(path, create=False, shared=True)
            if number is None:
                return os.path.lexists(path)
            os.close(number)
            return False

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for, and be, the only one on this host who begins a migration.

        :raises ToolFailed: the file system refused
        """
        with self._failing("", f"locking {self.folder}"):
            make_folder(self.folder)
            number = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(number, fcntl.LOCK_EX)
            except BaseException:
                os.close(number)
                raise
        try:
            yield
        finally:
            os.close(number)

    def keep(self, journal: MigrationJournal) -> None:
        """Write the guest's journal; it is on the disk on return.

        What this object has put there, and is there unchanged, is not written again.
        Whoever calls holds the guest. Killed at any point, the old journal or the new
        one is there, whole.

        :raises InvalidRequest: its UUID is none
        :raises ToolFailed, NotEnoughDisk: the file system refused
        """
        path = self._path(journal.uuid)
        with self._failing(journal.name, f"writing {path}"):
            make_folder(self.folder)
            self._lines.keep(path, to_json(journal).encode("ascii"))

    def load(self, uuid: str) -> MigrationJournal | None:
        """The guest's journal; None where there is none that can be read.

        :raises InvalidRequest: ``uuid`` is none
        """
        path = self._path(uuid)
        try:
            return _read(path, uuid)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._tell(
                f"The journal of a migration {path} cannot be read and was passed "
                f"over: {error}; see where server {uuid} runs with 'xl list -v' on "
                "both hosts, then remove the file."
            )
            return None

    def all(self) -> tuple[MigrationJournal, ...]:
        """Every journal that can be read, by UUID; what cannot is told."""
        found = (self.load(uuid) for uuid in self._uuids())
        return tuple(journal for journal in found if journal is not None)

    def find(self, migration_id: str) -> MigrationJournal | None:
        """The journal of this migration, None when there is none."""
        return next((each for each in self.all() if each.id == migration_id), None)

    def remove(self, uuid: str) -> None:
        """Remove the guest's journal and what was left of one; none is no error.

        It stays away after a power cut: one that came back would speak of a guest that
        may have gone elsewhere since.

        :raises InvalidRequest: ``uuid`` is none
        :raises ToolFailed: the file system refused
        """
        path = self._path(uuid)
        self._lines.forget(path)
        with self._failing(uuid, f"removing {path}"):
            remove_file(part_name(path))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
                sync(self.folder)
            remove_file(mark_of(path))

    def sweep(self) -> None:
        """Remove the locks and half-written journals of processes that died."""
        for name in self._names():
            uuid = name.removeprefix(".").partition(".")[0]
            leftover = name.endswith(_LOCK) or name == part_name(f"{uuid}{SUFFIX}")
            if leftover and _is_uuid(uuid) and (hold := self._quick_hold(uuid)):
                with hold, self._failing(uuid, f"removing what was left in {name}"):
                    remove_file(part_name(self._path(uuid)))

    def _quick_hold(self, uuid: str) -> Hold | None:
        path = self._path(uuid, _LOCK)
        with self._failing(uuid, "looking who works on a migration"):
            number = _take(path)
        return None if number is None else Hold(path, number, self._held)

    def _uuids(self) -> Iterator[str]:
        for name in sorted(self._names()):
            uuid = name.removesuffix(SUFFIX)
            if _is_uuid(uuid) and name != uuid:
                yield uuid
            elif not name.endswith((_LOCK, ".part", PAUSING)):
                path = os.path.join(self.folder, name)
                self._tell(f"{path} is no journal of a migration and was passed over.")

    def _names(self) -> list[str]:
        with self._failing("", f"reading {self.folder}"):
            try:
                return os.listdir(self.folder)
            except FileNotFoundError:
                return []

    def has(self, uuid: str) -> bool:
        """Whether there is one, be it one that cannot be read.

        :raises ToolFailed: the folder cannot be read
        """
        return f"{uuid}{SUFFIX}" in self._names()

    def path(self, uuid: str) -> str:
        """Where the guest's journal is, or would be.

        :raises InvalidRequest: ``uuid`` is none
        """
        return self._path(uuid)

    def _path(self, uuid: str, suffix: str = SUFFIX) -> str:
        if not _is_uuid(uuid):
            raise exceptions.InvalidRequest(
                server=uuid, why="its journal is named by a UUID and that is none"
            )
        return os.path.join(self.folder, uuid + suffix)

    @contextlib.contextmanager
    def _failing(self, server: str, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise os_failure(
                error, server=server, doing=doing, folder=self.folder
            ) from error


def _is_uuid(text: str) -> bool:
    try:
        return str(uuids.UUID(text)) == text
    except ValueError:
        return False


def _take(path: str) -> int | None:
    """Lock the file that has this name now, not one removed by its last holder."""
    while (number := try_lock(path)) is not None:
        if os.fstat(number).st_nlink:
            break
        os.close(number)
    return number


def _read(path: str, uuid: str) -> MigrationJournal:
    journal = from_json(last_line(content_of(path, LARGEST)), MigrationJournal)
    if journal.uuid != uuid:
        raise ValueError(f"it is of the server {journal.uuid}")
    return journal
