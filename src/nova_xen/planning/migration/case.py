# SPDX-License-Identifier: Apache-2.0
"""What the checks before a migration are given, and the words they share."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping

from nova_xen.model import (
    GuestMode,
    MigrationHost,
    MigrationKind,
    MigrationOptions,
    MigrationRequest,
    MovingGuest,
)
from nova_xen.planning.memory import needed_mib

#: Xen's word for shadow paging in virt_caps
SHADOW = "shadow"
_SHOWN = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """All that is known; ``there`` is the destination, ``here`` the source."""

    guest: MovingGuest
    here: MigrationHost
    there: MigrationHost
    request: MigrationRequest
    options: MigrationOptions
    proofs: Mapping[str, str | None]

    @property
    def pv_live(self) -> bool:
        """Whether the pages a PV guest changes must be logged."""
        live = self.request.kind is MigrationKind.LIVE
        return live and self.guest.mode is GuestMode.PV

    @property
    def apart(self) -> float:
        """Seconds between the clocks of both hosts."""
        return abs(self.there.clock - self.here.clock)

    @property
    def need_mib(self) -> int:
        """Memory that Xen must have free at the destination."""
        guest = self.guest
        return needed_mib(guest.mode, guest.memory_mib, guest.vcpus)


Check = Callable[[Case], Iterator[str]]


def listed(words: Iterable[str]) -> str:
    """The first few of ``words``, and how many more there are."""
    every = list(words)
    more = len(every) - _SHOWN
    shown = every if more <= 0 else [*every[:_SHOWN], f"{more} more"]
    return ", ".join(shown) or "none"


def version(number: int) -> str:
    """``4017`` as 4.17: libvirt's integer without its last part."""
    return f"{number // 1000}.{number % 1000}"
