# SPDX-License-Identifier: Apache-2.0
"""A Xen host's facts, gathered from libvirt and the host's disk.

Round trips: six, one for each guest mode, and one for the scheduler. Memory is Xen's
own (getInfo, getFreeMemory), not Domain-0's; libxl has no getMemoryStats or getCPUMap.
"""

from collections.abc import Mapping
from pathlib import Path

from nova_xen import exceptions
from nova_xen.hypervisor import capabilities
from nova_xen.hypervisor.autoballoon import LIBXL_CONF, libxl_autoballoons
from nova_xen.hypervisor.bootfiles import BootPaths, find_boot_files
from nova_xen.hypervisor.connection import Connection
from nova_xen.hypervisor.xenconsoled import console_log_dir
from nova_xen.model import MIB, BootFiles, BridgeFacts, GuestMode, HostFacts, ModeFacts

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
    offered = _text(connection, "getCapabilities")
    # [model, memory in MiB, processors, MHz, …]
    info = connection.call("getInfo", doing="reading the host's size")
    try:
        arch = capabilities.host_arch(offered)
        modes = _modes(connection, offered)
    except ValueError as error:
        raise _unreadable(error) from error
    return HostFacts(
        hostname=_text(connection, "getHostname"),
        arch=arch,
        xen_version=_number(connection, "getVersion"),
        libvirt_version=_number(connection, "getLibVersion"),
        modes=modes,
        cpus=info[2],
        memory_mib=info[1],
        free_memory_mib=_number(connection, "getFreeMemory") // MIB,
        autoballoon=libxl_autoballoons(libxl_conf, xl=xl),
        scheduler=_scheduler(connection),
        bridges=dict(bridges or {}),
        boot_files=(
            find_boot_files(boot_paths or BootPaths()) if programs else BootFiles()
        ),
        console_log_dir=console_log_dir(proc) if programs else None,
    )


def _text(connection: Connection, method: str) -> str:
    text: str = connection.call(method, doing=f"reading the host ({method})")
    return text


def _number(connection: Connection, method: str) -> int:
    number: int = connection.call(method, doing=f"reading the host ({method})")
    return number


def _modes(connection: Connection, offered: str) -> dict[GuestMode, ModeFacts]:
    return {
        mode: capabilities.mode_facts(
            each,
            connection.call(
                "getDomainCapabilities",
                None,
                capabilities.ARCH,
                each.machine,
                "xen",
                0,
                doing=f"reading what {mode} guests may have",
            ),
        )
        for mode, each in capabilities.offered_modes(offered).items()
    }


def _unreadable(error: ValueError) -> exceptions.HypervisorError:
    return exceptions.HypervisorError(
        doing="reading the host's capabilities", server="", why=str(error), code=None
    )


def _scheduler(connection: Connection) -> str:
    """The scheduler's name; libvirt tells it of a running domain alone."""
    name: str = connection.call(
        "schedulerType",
        doing="reading the scheduler",
        on=lambda raw: connection.direct(raw, "lookupByID", _DOMAIN_0_ID),
    )[0]
    return name
