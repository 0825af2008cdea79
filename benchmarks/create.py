# SPDX-License-Identifier: Apache-2.0
"""``nova-xen server create`` beside ``virsh create`` of the same document, in the lab.

Both make the same small guest on a real Xen host in turn; each is timed from the start
of its command to its end, when the guest runs. nova-xen's time has all it does besides:
deciding, checking, copying the kernel, making the disk, reading the server back.
"""

from pathlib import Path
from typing import Any

from benchmarks.lab import run_in_dom0
from benchmarks.report import Figure, Report, ratios

ROUNDS = 7
HOST = "xen1"
PROGRAM = Path(__file__).with_name("on_xen_host.py")

ASKED: dict[str, Any] = {
    "modes": ["pvh", "pv"],
    "kernel": "/srv/guest/vmlinux",
    "ramdisk": "/srv/guest/initrd.img",
    "cmdline": "console=hvc0 quiet",
    "ram_mib": 128,
    "disk_mib": 16,
}


def measure(rounds: int = ROUNDS, host: str = HOST) -> Report:
    """Measure on a host of the lab that is up.

    :raises BenchmarkError: the host is not up, or a command failed there
    """
    taken = run_in_dom0(host, "python3", PROGRAM, {**ASKED, "rounds": rounds})
    return report(taken)


def report(taken: dict[str, dict[str, list[float]]]) -> Report:
    """The report for the seconds that each way took, by mode."""
    figures = []
    for mode, ways in taken.items():
        for way, name in WAYS.items():
            figures.append(Figure.of(f"{mode} {name}", "s", ways[way]))
        times = ratios(ways["nova-xen"], ways["virsh"])
        figures.append(
            Figure.of(f"{mode} server create, times virsh create", "x", times)
        )
    return Report(
        benchmark="create",
        figures=tuple(figures),
        notes=(
            "the host's processor is emulated: the start of Python and its modules, a "
            "third of a second elsewhere, takes seconds there, and weighs in the ratio",
        ),
    )


WAYS = {
    "nova-xen": "nova-xen server create",
    "virsh": "virsh create",
    "list": "nova-xen server list",
}
