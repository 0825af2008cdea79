# SPDX-License-Identifier: Apache-2.0
"""What Domain-0's own kernel tells of itself, by proc(5); None where it does not."""

import re
from pathlib import Path

_AVAILABLE = re.compile(r"^MemAvailable: +(\d+) kB$", re.MULTILINE)


def available_kib(proc: Path = Path("/proc")) -> int | None:
    """Memory it could do without before it swaps, KiB: free, and caches it can drop."""
    found = _AVAILABLE.search(_read(proc / "meminfo"))
    return int(found[1]) if found else None


def uptime(proc: Path = Path("/proc")) -> int | None:
    """Seconds since it was booted, which is since Xen was."""
    found = re.match(r"\d+", _read(proc / "uptime"))
    return int(found[0]) if found else None


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace")
    except OSError:
        return ""
