# SPDX-License-Identifier: Apache-2.0
"""What is known of the images that a host keeps."""

import dataclasses
import enum


class CacheKind(enum.StrEnum):
    """A downloaded image as it came, or the base that servers' overlays lie upon."""

    BASE = "base"
    IMPORT = "import"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CachedImage:
    """A file of the cache.

    ``size`` in bytes as allocated, ``last_used`` in seconds since 1970, ``checksum``
    as ALGO:HEX or empty when none is recorded yet. ``users`` are the folders of
    servers whose disks lie upon it, and ``busy`` says that a process works with it.
    """

    kind: CacheKind
    name: str
    path: str
    size: int
    last_used: float
    source: str = ""
    checksum: str = ""
    users: tuple[str, ...] = ()
    busy: bool = False

    @property
    def used(self) -> bool:
        """Whether it must stay."""
        return self.busy or bool(self.users)


@dataclasses.dataclass(frozen=True)
class Removal:
    """A file of the cache that goes, and why."""

    image: CachedImage
    why: str


class ScrubResult(enum.StrEnum):
    """What a scrub made of a file."""

    INTACT = "intact"
    RECORDED = "recorded"
    REMOVED = "damaged, removed"
    DAMAGED = "damaged, in use"


@dataclasses.dataclass(frozen=True)
class Scrubbed:
    """A file of the cache that was read again, and what came of it."""

    image: CachedImage
    result: ScrubResult

    @property
    def damaged(self) -> bool:
        """Whether its bytes are not what they were."""
        return self.result in (ScrubResult.REMOVED, ScrubResult.DAMAGED)
