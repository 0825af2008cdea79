# SPDX-License-Identifier: Apache-2.0
"""What a figure depends on: facts of the machine, none that tells which one it is."""

import os
import platform
from pathlib import Path
from typing import Any

MIB = 1024**2


def machine_facts(proc: Path = Path("/proc")) -> dict[str, Any]:
    """Processor, memory in MiB, system, interpreter and how busy it was (load)."""
    cpu = _cpuinfo(proc)
    return {
        "cpu": cpu.get("model name", platform.machine()),
        "cores": os.cpu_count(),
        "virtual_machine": "hypervisor" in cpu.get("flags", "").split(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB,
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def _cpuinfo(proc: Path) -> dict[str, str]:
    """The first processor's lines of /proc/cpuinfo."""
    text = (proc / "cpuinfo").read_text()
    lines = text.split("\n\n", 1)[0].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
