# SPDX-License-Identifier: Apache-2.0
"""Memory that was saved to disk when a server was suspended."""

import dataclasses
import enum


@dataclasses.dataclass(frozen=True, kw_only=True)
class SavedFiles:
    """What lies in libvirt's folder of saved memory under a server's name.

    ``image`` is ``NAME.save``, which libvirt restores at the next start and removes
    before it does; ``kept`` is ``NAME.save.kept``, a second name of the same file that
    is made before a resume and removed before the guest runs.
    """

    image: bool = False
    kept: bool = False


class SavedMemory(enum.Enum):
    """Where the memory is that the next start is to go on with."""

    NONE = enum.auto()
    IMAGE = enum.auto()
    KEPT = enum.auto()


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoreDump:
    """A server's memory that was written into a file; ``size`` in bytes."""

    server: str
    path: str
    size: int
