# SPDX-License-Identifier: Apache-2.0
"""Whether this host can spare an appliance's memory."""

import re
from pathlib import Path

from nova_xen.injection.guest.problems import Unavailable

_MEMINFO = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB$", re.MULTILINE)
#: of the emulator itself and of the worker
_BESIDE_MIB = 96


def check_memory(appliance_mib: int) -> None:
    """Refuse rather than have the kernel choose whom to kill.

    :raises Unavailable: there is too little, swap not counted
    """
    found = _AVAILABLE.search(_MEMINFO.read_text("ascii", "replace"))
    if found is None:
        return
    have, need = int(found[1]) // 1024, appliance_mib + _BESIDE_MIB
    if have < need:
        raise Unavailable(
            f"libguestfs's appliance takes {need} MiB of Domain-0's memory, and "
            f"{have} MiB are free",
            "give Domain-0 more memory, or lower [xen] guestfs_memory",
        )
