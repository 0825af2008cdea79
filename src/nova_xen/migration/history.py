# SPDX-License-Identifier: Apache-2.0
"""The migrations that were, on disk: one JSON file for each.

A file is named by the time at which its migration began, in milliseconds, and by its
id, so that names alone tell which are the newest and which go. A file is replaced
whole or not at all.

How a migration ended outlives a power cut. Until then its journals do, by which
recovery ends the record, and what the record has of it may be lost.
"""

import collections
import contextlib
import dataclasses
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence

from nova_xen.exceptions import MigrationNotFound, NovaXenError
from nova_xen.images.files.lock import locked
from nova_xen.migration.json import from_json, from_plain, loads, to_json
from nova_xen.migration.whole import NEW, make_folder, replace
from nova_xen.model import MigrationRecord, MigrationSample, MigrationState

LOG = logging.getLogger(__name__)

FOLDER = "history"
MOST_RECORDS = 1000
MOST_SAMPLES = 2000
_NAME = re.compile(r"[0-9]{15}-(?P<id>[A-Za-z0-9-]{1,64})\.json")
_REMOVED = "removed.json"
_LOCK = ".lock"
#: seconds after which no process is still writing a file of that age
_OLD = 3600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Removed:
    """How the migrations ended whose records went, up to the file of this name."""

    name: str = ""
    ended: Mapping[MigrationState, int] = dataclasses.field(default_factory=dict)


class HistoryUnreadable(NovaXenError):
    """The folder of records is there and its names cannot be read."""

    msg_fmt = (
        "The migrations of this host cannot be listed: %(folder)s: %(why)s; run the "
        "command as root, or check [xen] migration_state_path."
    )


def thin(
    samples: Sequence[MigrationSample], most: int = MOST_SAMPLES
) -> tuple[MigrationSample, ...]:
    """At most ``most`` samples, evenly chosen, for a record that is kept for ever.

    The first and the last stay, and both sides of each change of the state, even
    when these alone are more than ``most``.
    """
    if len(samples) <= most:
        return tuple(samples)
    kept = _needed(samples)
    if (room := most - len(kept)) > 0:
        others = [place for place in range(len(samples)) if place not in kept]
        kept.update(others[part * len(others) // room] for part in range(room))
    return tuple(samples[place] for place in sorted(kept))


def _needed(samples: Sequence[MigrationSample]) -> set[int]:
    """Places of the samples that tell when something changed."""
    changes = {
        place
        for place in range(1, len(samples))
        if samples[place].state is not samples[place - 1].state
    }
    return {0, len(samples) - 1} | changes | {place - 1 for place in changes}


class History:
    """The records below ``state_path``; of more than ``most``, the oldest go."""

    def __init__(self, state_path: str, *, most: int = MOST_RECORDS) -> None:
        self._folder = os.path.join(state_path, FOLDER)
        self._most = most
        #: what was read of a file, by its name; inode, size and time tell a new one
        self._known: dict[str, tuple[tuple[int, int, int], MigrationRecord]] = {}

    def keep(self, record: MigrationRecord) -> None:
        """Write or replace a record.

        One that has ended is on the disk on return: its journals go next, and nothing
        else would end it. Others are not waited for, since their journals are there.

        One that ended without samples, as it is listed, takes those of the record it
        replaces. A disk that is full must not end a migration: what the file system
        refuses is told in a warning.

        :raises ValueError: its id could not be part of a file's name
        """
        name, over = _name_of(record), record.ended is not None
        samples = record.samples or (self._samples(name) if over else ())
        whole = dataclasses.replace(record, samples=thin(samples))
        try:
            make_folder(self._folder)
            self._replace(name, to_json(whole), durable=over)
            if over:
                self._remove_the_oldest()
        except OSError as error:
            LOG.warning(
                "The record of the migration of server %s cannot be kept in %s: %s.",
                record.name,
                self._folder,
                error.strerror,
            )

    def _replace(self, name: str, text: str, *, durable: bool) -> None:
        replace(os.path.join(self._folder, name), text.encode("ascii"), durable=durable)

    def all(self) -> tuple[MigrationRecord, ...]:
        """Every record, newest first, without its samples; damaged ones left out.

        :raises HistoryUnreadable: the folder cannot be read
        """
        return tuple(self._read_all(self._names(), samples=False))

    def find(self, migration: str) -> MigrationRecord:
        """The record with this id, or the newest of the server of this name or UUID.

        :raises HistoryUnreadable: the folder cannot be read
        :raises MigrationNotFound: there is none that can be read
        """
        names = self._names()
        by_id = [name for name in names if _id_in(name) == migration]
        for record in self._read_all(by_id, samples=True):
            return record
        for record in self._read_all(names, samples=False):
            if migration in (record.uuid, record.name):
                return next(self._read_all([_name_of(record)], samples=True), record)
        raise MigrationNotFound(migration=migration)

    def _names(self) -> list[str]:
        """Names of the files of records, newest first."""
        try:
            found = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise HistoryUnreadable(folder=self._folder, why=error.strerror) from error
        return sorted(filter(_NAME.fullmatch, found), reverse=True)

    def _read_all(
        self, names: Sequence[str], *, samples: bool
    ) -> Iterator[MigrationRecord]:
        """Those that can be read; the others are told in one warning at the end."""
        damaged = []
        for name in names:
            try:
                yield self._read(name, samples=samples)
            except FileNotFoundError:
                continue  # another process has removed it as the oldest
            except Exception:
                # what is wrong with a file may be anything, and none of it may hide
                # the other records
                LOG.debug("%s cannot be read", name, exc_info=True)
                damaged.append(name)
        if damaged:
            LOG.warning(
                "%d of the records of migrations in %s cannot be read and are left "
                "out: %s; remove them if nobody needs them.",
                len(damaged),
                self._folder,
                ", ".join(damaged),
            )

    def _read(self, name: str, *, samples: bool) -> MigrationRecord:
        with open(os.path.join(self._folder, name), "rb") as stream:
            status = os.fstat(stream.fileno())
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            known = self._known.get(name)
            if known is not None and known[0] == stamp and not samples:
                return known[1]
            record = _record(name, stream.read(), samples=samples)
        if not samples:
            self._known[name] = (stamp, record)
        return record

    def _samples(self, name: str) -> tuple[MigrationSample, ...]:
        """Those of a record that is there already; none when it cannot be read."""
        try:
            return self._read(name, samples=True).samples
        except (OSError, ValueError):
            return ()

    def removed(self) -> Removed:
        """How those ended that are no longer kept, so that counts never fall."""
        path = os.path.join(self._folder, _REMOVED)
        try:
            with open(path, "rb") as stream:
                return from_json(stream.read(), Removed)
        except FileNotFoundError:
            return Removed()
        except (OSError, ValueError) as error:
            LOG.warning("%s cannot be read, counts begin anew: %s", path, error)
            return Removed()

    def _remove_the_oldest(self) -> None:
        self._remove_unfinished()
        if len(self._names()) <= self._most:
            return
        with locked(os.path.join(self._folder, _LOCK)):
            going = self._names()[self._most :]
            self._count(going)
            for name in going:
                self._known.pop(name, None)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self._folder, name))

    def _count(self, going: Sequence[str]) -> None:
        """Before they go; what was counted by one that was then killed is not again."""
        before = self.removed()
        new = [name for name in going if name > before.name]
        if not new:
            return
        states = [record.state for record in self._read_all(new, samples=False)]
        ended = collections.Counter(before.ended) + collections.Counter(states)
        counted = Removed(name=max(new), ended=dict(ended))
        self._replace(_REMOVED, to_json(counted), durable=True)

    def _remove_unfinished(self) -> None:
        """Remove what killed processes left in the middle of writing."""
        for name in os.listdir(self._folder):
            path = os.path.join(self._folder, name)
            with contextlib.suppress(FileNotFoundError):
                if name.endswith(NEW) and time.time() - os.path.getmtime(path) > _OLD:
                    os.unlink(path)


def _record(name: str, text: bytes, *, samples: bool) -> MigrationRecord:
    """The record in a file; a list of a thousand would build two million samples."""
    plain = loads(text)
    if not samples:
        plain = {**plain, "samples": []}
    record: MigrationRecord = from_plain(plain, MigrationRecord)
    if record.id != _id_in(name):
        raise ValueError(f"it has the id {record.id}")
    return record


def _name_of(record: MigrationRecord) -> str:
    name = f"{max(round(record.started * 1000), 0):015d}-{record.id}.json"
    if not _NAME.fullmatch(name):
        raise ValueError(f"{record.id!r} is no id of a migration")
    return name


def _id_in(name: str) -> str:
    found = _NAME.fullmatch(name)
    return found["id"] if found else ""
