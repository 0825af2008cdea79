# SPDX-License-Identifier: Apache-2.0
"""What libguestfs needs, looked for and not imported: it would start nothing."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from nova_xen.examination.folders import free_bytes, nearest_of
from nova_xen.examination.places import Places
from nova_xen.model.doctor import ApplianceFacts, GuestfsModule, KernelFacts
from nova_xen.planning.doctor.injection import OFF

#: where Debian puts modules of its own Python, which a virtualenv does not see
DEBIAN = "/usr/lib/python3/dist-packages"
#: what libguestfs of Debian starts
EMULATOR = "/usr/bin/qemu-system-x86_64"
_KERNEL = "vmlinuz-"
#: libguestfs's name for an appliance that was built, below its cache
_BUILT = ".guestfs-*/appliance.d"


def appliance_facts(partition: int, cache: str, places: Places) -> ApplianceFacts:
    """What is there.

    :param partition: the option inject_partition; -2 looks at nothing
    :param cache: where the appliance is kept
    """
    if partition == OFF:
        return ApplianceFacts(partition=partition)
    emulator = str(places.at(EMULATOR))
    built = any(Path(cache).glob(_BUILT))
    return ApplianceFacts(
        partition=partition,
        module=guestfs_module([*sys.path, str(places.at(DEBIAN))]),
        python=".".join(map(str, sys.version_info[:2])),
        boot=str(places.at("/boot")),
        kernels=tuple(_kernels(places)),
        supermin=shutil.which("supermin") is not None,
        emulator=emulator,
        emulates=os.access(emulator, os.X_OK),
        cache=cache,
        cache_open=_is_open(cache),
        free=None if built else free_bytes(nearest_of(cache)),
    )


def _is_open(folder: str) -> bool:
    """Whether injection refuses it, for others may change what it would start."""
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return found.st_uid != os.geteuid() or bool(found.st_mode & 0o022)


def guestfs_module(path: list[str]) -> GuestfsModule:
    """Whether the module and its part in C are found, the latter for this Python."""
    if PathFinder.find_spec("guestfs", path) is None:
        return GuestfsModule.MISSING
    if PathFinder.find_spec("libguestfsmod", path) is None:
        return GuestfsModule.ANOTHER
    return GuestfsModule.FOUND


def _kernels(places: Places) -> Iterator[KernelFacts]:
    """Those that supermin would take: with their modules in /lib/modules."""
    for path in sorted(places.at("/boot").glob(f"{_KERNEL}*")):
        version = path.name.removeprefix(_KERNEL)
        yield KernelFacts(
            path=str(path),
            readable=os.access(path, os.R_OK),
            modules=places.at(f"/lib/modules/{version}/modules.dep").exists(),
        )
