# SPDX-License-Identifier: Apache-2.0
"""What of the two hosts keeps guests from migrating."""

from collections.abc import Iterator

from nova_xen.model import CpuComparison
from nova_xen.planning.migration import uris
from nova_xen.planning.migration.call import is_tunnelled
from nova_xen.planning.migration.case import Case, version

#: seconds. A guest's clock is its host's and jumps by the difference. Hosts that keep
#: time by NTP are milliseconds apart; by more than this, one of them does not, and
#: leases and clusters inside the guest take the jump for a death
CLOCK_LIMIT = 5.0


def same_host(case: Case) -> Iterator[str]:
    """Where it runs already."""
    if case.there.hostname == case.here.hostname:
        yield f"it runs on {case.there.hostname} already"


def xen_version(case: Case) -> Iterator[str]:
    """Xen reads what the same or an older version wrote; never a newer one's.

    4.17 to 4.20 worked on real Xen; 4.20 to 4.17 failed at the end and left the guest
    suspended. libvirt tells no patch level, which does not change the format.
    """
    here, there = case.here.xen_version // 1000, case.there.xen_version // 1000
    if there < here:
        yield (
            f"Xen is {version(there)} on {case.there.hostname} and {version(here)} "
            "here, and an older Xen cannot take over what a newer one sends (choose a "
            f"host with Xen {version(here)} or newer)"
        )


def cpu(case: Case) -> Iterator[str]:
    """The destination's processor must have all features of the source's.

    HVM and PVH guests keep the features they booted with: these travel with the guest
    (Xen 4.14 and newer) and a processor with more hides the rest. Programs of a PV
    guest may ask the processor itself, so they can find more after the move: that is
    harmless on the way there and a warning about the way back. Where libvirt cannot
    compare (processors it has no name for) there is a warning, since a refusal would
    leave such hosts without migration.
    """
    if case.there.cpu is CpuComparison.INCOMPATIBLE:
        yield (
            f"the processor of {case.there.hostname} lacks features of this host's, "
            "which the guest may be using"
        )


def memory(case: Case) -> Iterator[str]:
    """libxl takes the missing from Domain-0 where it may (autoballoon)."""
    need, free = case.need_mib, case.there.free_memory_mib
    if need > free and not case.there.autoballoon:
        yield (
            f"it needs {need} MiB ({case.guest.memory_mib} MiB and Xen's own share) "
            f"and Xen has {free} MiB free on {case.there.hostname}"
        )


def clock(case: Case) -> Iterator[str]:
    """See CLOCK_LIMIT."""
    if case.apart > CLOCK_LIMIT:
        yield (
            f"the clocks of both hosts are {case.apart:.1f} s apart, more than "
            f"{CLOCK_LIMIT:.0f} s, and the guest's would jump by that (keep both by "
            "NTP)"
        )


def incoming(case: Case) -> Iterator[str]:
    """The operator's limit; the destination looks again when it begins."""
    limit = case.options.max_concurrent
    if limit and case.there.incoming >= limit:
        yield (
            f"{case.there.incoming} servers arrive on {case.there.hostname} now and "
            f"max_concurrent_live_migrations is {limit}"
        )


def stream(case: Case) -> Iterator[str]:
    """libvirt puts no brackets around IPv6 in the URI it gives itself (9.0 to master).

    Seen with libvirt 9.0.0: 'Unable to parse URI tcp://::1:49152'. A name that has the
    address works, and so does the tunnel.
    """
    address = uris.ip_address(case.there.address or case.request.destination)
    tunnelled = is_tunnelled(case.request, case.options)
    if address is not None and address.version == 6 and not tunnelled:
        yield (
            f"libvirt cannot send memory to an IPv6 address ({address}), so name the "
            "host by a name that has it, or use --tunnelled"
        )
