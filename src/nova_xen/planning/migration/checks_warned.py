# SPDX-License-Identifier: Apache-2.0
"""What a person should know of a migration that can be."""

from collections.abc import Iterator

from nova_xen.model import CpuComparison, GuestMode
from nova_xen.planning.migration import uris
from nova_xen.planning.migration.case import SHADOW, Case, listed, version

#: seconds; more than NTP leaves, less than what is refused
CLOCK_WARNING = 1.0
#: the oldest that libxl's migrations are advised with
LIBVIRT_ADVISED = 1_003_002


def transport(case: Case) -> Iterator[str]:
    """libvirt's own connection is open to everybody."""
    uri = case.options.uri or case.options.scheme + ":"
    if uris.is_unprotected(uri):
        yield uris.unprotected_warning(case.there.hostname)


def cpu(case: Case) -> Iterator[str]:
    """See :func:`nova_xen.planning.migration.checks_host.cpu`."""
    host = case.there.hostname
    match case.there.cpu:
        case CpuComparison.ERROR:
            yield (
                f"nobody can say whether the processor of {host} has all features of "
                "this host's, and a guest that uses a missing one fails there"
            )
        case CpuComparison.SUPERSET if case.guest.mode is GuestMode.PV:
            yield (
                f"the processor of {host} has more features than this host's, and once "
                "programs of a PV guest use them it cannot come back"
            )


def memory(case: Case) -> Iterator[str]:
    """What libxl takes from Domain-0 there, as it may."""
    missing = case.need_mib - case.there.free_memory_mib
    if missing > 0:
        yield f"Domain-0 of {case.there.hostname} has to give up {missing} MiB"


def block(case: Case) -> Iterator[str]:
    """A device cannot be proved to be the same: a file is written beside files only."""
    for disk in case.guest.disks:
        if disk.block:
            yield (
                f"nothing proves that {listed(disk.files)} (disk {disk.target}) is "
                f"the same device on {case.there.hostname}, and if it is not the "
                "guest's file systems are lost"
            )


def clock(case: Case) -> Iterator[str]:
    """Clocks that are apart, but not yet too far."""
    if case.apart > CLOCK_WARNING:
        yield f"the clocks of both hosts are {case.apart:.1f} s apart"


def shadow(case: Case) -> Iterator[str]:
    """The way back of a PV guest is another migration."""
    if case.pv_live and SHADOW not in case.there.virt_caps:
        yield (
            f"Xen on {case.there.hostname} is built without shadow paging, so this PV "
            "guest cannot come back live"
        )


def libvirt_version(case: Case) -> Iterator[str]:
    """Either host's libvirt is older than any that was tried."""
    for host in (case.here, case.there):
        if host.libvirt_version < LIBVIRT_ADVISED:
            number = f"{host.libvirt_version // 1_000_000}." + version(
                host.libvirt_version % 1_000_000
            )
            yield f"libvirt on {host.hostname} is {number}, 1.3.2 or newer is advised"
