# SPDX-License-Identifier: Apache-2.0
"""A Xen host's facts, gathered from libvirt and the host's disk.

Round trips: six, one for each guest mode, and one for the scheduler. Memory is Xen's
own (getInfo, getFreeMemory), not Domain-0's; libxl has no getMemoryStats or getCPUMap.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nova_xen import exceptions
from nova_xen.hypervisor import capabilities
from nova_xen.hypervisor.autoballoon import LIBXL_CONF, libxl_autoballoons
from nova_xen.hypervisor.bootfiles import BootPaths, find_boot_files
from nova_xen.hypervisor.connection import Connection, Raw
from nova_xen.hypervisor.dom0 import uptime
from nova_xen.hypervisor.xenconsoled import console_log_dir
from nova_xen.model import MIB, BootFiles, BridgeFacts, GuestMode, HostFacts

_DOMAIN_0_ID = 0


def gather_host_facts(
    connection: Connection,
    *,
    bridges: Mapping[str, BridgeFacts] | None = None,
    boot_paths: BootPaths | None = None,
    programs: bool = True,
    proc: Path = Path("/proc"),
    libxl_conf: Path = LIBXL_CONF,
    xl: str = "xl",
) -> HostFacts:
    """All that planning needs to know of the host, as of now.

    :param programs: look for boot programs and xenconsoled too; a search through
        folders and all processes that only those need who make a server
    :raises HypervisorError: libvirt cannot be asked, or its documents not be read
    """
    try:
        told = connection.together(
            functools.partial(_ask, connection),
            doing="reading what the host is",
        )
        arch = capabilities.host_arch(told.document)
        modes = {
            mode: capabilities.mode_facts(*each) for mode, each in told.modes.items()
        }
    except ValueError as error:
        raise _unreadable(error) from error
    return HostFacts(
        hostname=told.hostname,
        arch=arch,
        xen_version=told.xen_version,
        libvirt_version=told.libvirt_version,
        modes=modes,
        cpus=told.cpus,
        memory_mib=told.memory_mib,
        free_memory_mib=told.free_memory // MIB,
        autoballoon=libxl_autoballoons(libxl_conf, xl=xl),
        scheduler=told.scheduler,
        bridges=dict(bridges or {}),
        boot_files=(
            find_boot_files(boot_paths or BootPaths()) if programs else BootFiles()
        ),
        console_log_dir=console_log_dir(proc) if programs else None,
        uptime=uptime(proc),
    )


@dataclasses.dataclass(frozen=True)
class _Told:
    """What libvirt tells, its documents still to be read."""

    document: str
    #: what the capabilities say of a mode, and the mode's own document
    modes: dict[GuestMode, tuple[capabilities.OfferedMode, str]]
    hostname: str
    xen_version: int
    libvirt_version: int
    cpus: int
    memory_mib: int
    #: bytes
    free_memory: int
    scheduler: str


def _ask(connection: Connection, raw: Raw) -> _Told:
    """Ask for everything.

    :raises ValueError: the capabilities cannot be read
    """
    ask = functools.partial(connection.direct, raw)
    offered = ask("getCapabilities")
    # [model, memory in MiB, processors, MHz, …]
    info = ask("getInfo")
    # libvirt tells the scheduler's name of a running domain alone
    scheduler = connection.direct(ask("lookupByID", _DOMAIN_0_ID), "schedulerType")
    return _Told(
        document=offered,
        modes={
            mode: (each, _mode(ask, each))
            for mode, each in capabilities.offered_modes(offered).items()
        },
        hostname=ask("getHostname"),
        xen_version=ask("getVersion"),
        libvirt_version=ask("getLibVersion"),
        cpus=info[2],
        memory_mib=info[1],
        free_memory=ask("getFreeMemory"),
        scheduler=scheduler[0],
    )


def _mode(ask: Callable[..., Any], mode: capabilities.OfferedMode) -> str:
    document: str = ask(
        *("getDomainCapabilities", None),
        *(capabilities.ARCH, mode.machine, "xen", 0),
    )
    return document


def _unreadable(error: ValueError) -> exceptions.HypervisorError:
    return exceptions.HypervisorError(
        doing="reading the host's capabilities", server="", why=str(error), code=None
    )
