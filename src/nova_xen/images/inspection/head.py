# SPDX-License-Identifier: Apache-2.0
"""How an image begins: all that is known of it before it is fetched."""

import dataclasses

from nova_xen.model import MIB

#: enough for every mark of a format that stands at the beginning
HEAD = MIB


@dataclasses.dataclass(frozen=True)
class Head:
    """How an image begins; ``size`` of its whole file in bytes, None when not told."""

    start: bytes
    size: int | None
