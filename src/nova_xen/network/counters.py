# SPDX-License-Identifier: Apache-2.0
"""Counters of the host's side of a guest's network interface, from /sys.

libxl gives an HVM guest with an emulated card two interfaces: ``vif3.0`` for Xen's
drivers and ``vif3.0-emu`` for the card. A guest uses the one or the other, libvirt
counts the one that its document names.
"""

from pathlib import Path

from nova_xen.model import NicCounters
from nova_xen.network.bridges import SYS_CLASS_NET

EMULATED = "-emu"
_WORDS = {
    "octets": "bytes",
    "packets": "packets",
    "errors": "errors",
    "drop": "dropped",
}


def other_side(name: str) -> str:
    """The interface that libxl has beside the one called ``name``."""
    if name.endswith(EMULATED):
        return name.removesuffix(EMULATED)
    return name + EMULATED


def host_side(name: str, sys_class_net: Path = SYS_CLASS_NET) -> NicCounters | None:
    """What went through it, as the guest sees it; None when there is none.

    The guest gets what the host sends, so that the kernel's words change places.
    """
    folder = sys_class_net / name / "statistics"
    if not folder.is_dir():
        return None
    return NicCounters(
        **{
            f"{ours}_{word}": _read(folder / f"{theirs}_{kernels}")
            for ours, theirs in (("rx", "tx"), ("tx", "rx"))
            for word, kernels in _WORDS.items()
        }
    )


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
