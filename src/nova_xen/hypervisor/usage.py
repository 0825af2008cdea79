# SPDX-License-Identifier: Apache-2.0
"""What Xen's memory and processors are used for now, guests of others included.

Round trips: two (Xen's free memory and the list of active domains), then one for
Domain-0 and two for each active guest: ``info`` has its memory, vCPUs and time, and
``metadata`` whether it is a server of ours. libxl has no call that tells of many guests
at once (virConnectGetAllDomainStats is not supported), so it cannot be fewer; all of
them are one change of threads and have one deadline. Guests that are off use nothing
and are not asked.

Domains that libvirt does not see, such as those of ``xl create``, are in what Xen does
not have free.
"""

import functools
from pathlib import Path
from typing import Any

import libvirt

from nova_xen.domain import NOVA_NS
from nova_xen.hypervisor.connection import Connection, Raw
from nova_xen.hypervisor.dom0 import available_kib
from nova_xen.hypervisor.errors import ErrorCode, LibvirtError, code_of
from nova_xen.hypervisor.inventory import DOMAIN_0
from nova_xen.model import DomainUsage, HostUsage

#: of virDomainInfo: state, most memory in KiB, memory in KiB, vCPUs, time in ns
_MEMORY, _VCPUS, _TIME = 2, 3, 4
#: libxlDomainGetInfo, while Xen has no such domain any more and libvirt still does
_GONE = "libxl_domain_info failed for domain"


def take_usage(connection: Connection, proc: Path = Path("/proc")) -> HostUsage:
    """Ask for all of it; a guest that vanishes meanwhile is left out.

    :raises HypervisorError: libvirt cannot be asked
    """
    used: HostUsage = connection.together(
        functools.partial(_ask, connection, available_kib(proc)),
        doing="asking what guests use",
    )
    return used


def _ask(connection: Connection, spare_kib: int | None, raw: Raw) -> HostUsage:
    free = connection.direct(raw, "getFreeMemory")
    flags = libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
    guests, dom0_kib = [], 0
    for handle in connection.direct(raw, "listAllDomains", flags):
        if handle.UUIDString() == DOMAIN_0:
            dom0_kib = connection.direct(handle, "info")[_MEMORY]
        elif (guest := _guest(connection, handle)) is not None:
            guests.append(guest)
    return HostUsage(
        free_kib=free // 1024,
        dom0_kib=dom0_kib,
        guests=tuple(guests),
        spare_kib=spare_kib,
    )


def _guest(connection: Connection, handle: Any) -> DomainUsage | None:
    try:
        info = connection.direct(handle, "info")
        ours = _is_ours(connection, handle)
    except LibvirtError as error:
        if not _is_gone(error):
            raise
        return None
    return DomainUsage(
        uuid=handle.UUIDString(),
        name=handle.name(),
        vcpus=info[_VCPUS],
        memory_kib=info[_MEMORY],
        cpu_time_ns=info[_TIME],
        ours=ours,
    )


def _is_gone(error: Exception) -> bool:
    """Whether libvirt knows the guest no more, or Xen does not."""
    if code_of(error) is ErrorCode.INTERNAL_ERROR:
        return _GONE in str(error)
    return code_of(error) is ErrorCode.NO_DOMAIN


def _is_ours(connection: Connection, handle: Any) -> bool:
    """Whether there is Nova's metadata in its document."""
    kind = libvirt.VIR_DOMAIN_METADATA_ELEMENT
    try:
        connection.direct(handle, "metadata", kind, NOVA_NS)
    except LibvirtError as error:
        if code_of(error) is not ErrorCode.NO_DOMAIN_METADATA:
            raise
        return False
    return True
