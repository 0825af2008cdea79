# SPDX-License-Identifier: Apache-2.0
"""The driver's live migration beside ``virsh migrate --live --p2p``, in the lab.

The same guest goes from one real Xen host to another by each in turn, and back. The
driver is loaded already, as in a service; its time has all it does besides libvirt's
call: the other host's process, the checks, the journals, the definition there.
"""

from pathlib import Path
from typing import Any

from benchmarks.lab import run_in_dom0
from benchmarks.report import Figure, Report, ratios

ROUNDS = 5
SOURCE, DESTINATION = "xen1", "xen2"
PROGRAM = Path(__file__).with_name("on_two_xen_hosts.py")
PYTHON = "/opt/nova-xen/bin/python3"

ASKED: dict[str, Any] = {
    "kernel": "/srv/guest/vmlinux",
    "ramdisk": "/srv/guest/initrd.img",
    "cmdline": "console=hvc0 quiet mitigations=off tsc=reliable nova_xen.ticks",
    "ram_mib": 1024,
    "other": DESTINATION,
}
PARTS = {
    "total": "from asking to the end",
    "call": "libvirt's call alone",
    "stop": "the guest stood still",
    "silence": "nothing was heard of the guest",
}


def measure(rounds: int = ROUNDS, ram_mib: int = ASKED["ram_mib"]) -> Report:
    """Measure between the lab's two hosts, which are up and have the checkout.

    :raises BenchmarkError: they are not, or a command failed there
    """
    asked = {**ASKED, "rounds": rounds, "ram_mib": ram_mib}
    return report(run_in_dom0(SOURCE, PYTHON, PROGRAM, asked), ram_mib)


def report(taken: dict[str, dict[str, list[float]]], ram_mib: int) -> Report:
    """The report for the seconds that each way took, by part."""
    figures = []
    for part, name in PARTS.items():
        for way in ("virsh", "driver"):
            figures.append(Figure.of(f"{way}: {name}", "s", taken[way][part]))
        times = ratios(taken["driver"][part], taken["virsh"][part])
        figures.append(Figure.of(f"{name}, times virsh", "x", times))
    return Report(
        benchmark="live-migration",
        figures=tuple(figures),
        notes=(
            f"a PVH guest of {ram_mib} MiB",
            "hosts are emulated: the start of the other host's process, a third of a "
            "second elsewhere, takes seconds here, and the larger the guest the less "
            "it weighs",
        ),
    )
