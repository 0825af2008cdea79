# SPDX-License-Identifier: Apache-2.0
"""What is known of libvirt's certificates on a host."""

import dataclasses
import enum


@dataclasses.dataclass(frozen=True, kw_only=True)
class PkiFile:
    """A certificate or key of libvirt's; ``why`` says why it cannot be read.

    ``expires`` in seconds since the epoch, None for a key; ``unknown`` says why it is
    not known whether the file is in order.
    """

    path: str
    exists: bool = True
    why: str = ""
    expires: float | None = None
    unknown: str = ""


class Unfit(enum.Enum):
    """Why two files do not belong together."""

    OTHER_KEY = enum.auto()
    OTHER_AUTHORITY = enum.auto()
    NOT_UNDERSTOOD = enum.auto()


@dataclasses.dataclass(frozen=True)
class UnfitFiles:
    """A certificate, and the key or the authority that it does not fit."""

    why: Unfit
    certificate: str
    other: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PkiFacts:
    """libvirt's certificates, and what of them does not belong together."""

    files: tuple[PkiFile, ...]
    now: float
    unfit: tuple[UnfitFiles, ...] = ()
