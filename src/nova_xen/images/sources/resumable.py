# SPDX-License-Identifier: Apache-2.0
"""A file that is being fetched and may be gone on with after a crash.

Beside it stands what is known of it: the version of its content, and how many bytes
were on the disk for certain, which alone count when the host has been restarted since.
"""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from typing import BinaryIO

from nova_xen.images.cache.record import record_path, write_json
from nova_xen.images.files.part import remove_file
from nova_xen.model import MIB

_SYNC_EVERY = 256 * MIB
_BOOT = "/proc/sys/kernel/random/boot_id"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PartState:
    """``version`` of the content, its whole ``size`` in bytes, None when not told."""

    version: str = ""
    size: int | None = None
    boot: str = ""
    durable: int = 0


class ResumablePart:
    """The part of a file, and what is known of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.state = PartState()

    def usable(self) -> int:
        """Read what is known; gives how many bytes can be gone on with."""
        self.state = _read(record_path(self.path))
        if not self.state.version:
            return 0
        try:
            have = os.stat(self.path).st_size
        except FileNotFoundError:
            return 0
        boot = _boot_id()
        if boot and boot == self.state.boot:
            return have
        return min(have, self.state.durable)

    @contextlib.contextmanager
    def begun(self, version: str, size: int | None) -> Iterator[BinaryIO]:
        """The empty file to write to, of which this much is known."""
        self.discard()
        self.state = PartState(version=version, size=size, boot=_boot_id())
        write_json(record_path(self.path), dataclasses.asdict(self.state))
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        with os.fdopen(os.open(self.path, flags, 0o600), "r+b", buffering=0) as file:
            yield file

    @contextlib.contextmanager
    def gone_on(self, have: int) -> Iterator[BinaryIO]:
        """The file cut to what is usable, to be read first and then written to."""
        with open(self.path, "r+b", buffering=0) as file:
            file.truncate(have)
            self.keep(file, have, always=True)
            yield file

    def keep(self, file: BinaryIO, have: int, *, always: bool = False) -> None:
        """Bring what was written to the disk, now and then."""
        if have - self.state.durable >= _SYNC_EVERY or always:
            os.fsync(file.fileno())
            boot = _boot_id()
            self.state = dataclasses.replace(self.state, durable=have, boot=boot)
            write_json(record_path(self.path), dataclasses.asdict(self.state))

    def discard(self) -> None:
        """Forget all of it."""
        remove_file(record_path(self.path))
        remove_file(self.path)


def _read(path: str) -> PartState:
    try:
        with open(path, encoding="utf-8") as stream:
            found = PartState(**json.load(stream))
    except (OSError, ValueError, TypeError):
        return PartState()
    whole = isinstance(found.durable, int) and isinstance(found.version, str)
    return found if whole and isinstance(found.size, int | None) else PartState()


def _boot_id() -> str:
    """What differs after each start of the host; nothing where that is not told."""
    try:
        with open(_BOOT, encoding="ascii") as stream:
            return stream.read().strip()
    except OSError:
        return ""
