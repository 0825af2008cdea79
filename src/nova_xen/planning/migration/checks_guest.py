# SPDX-License-Identifier: Apache-2.0
"""What of the guest itself keeps it from migrating."""

from collections.abc import Iterator

from nova_xen.planning.migration.case import SHADOW, Case, listed

NOT_RUNNING = (
    "it does not run, and a guest must run to answer Xen's request to suspend (start "
    "it, or resume it if it is paused)"
)


def running(case: Case) -> Iterator[str]:
    """A guest suspends itself at Xen's word; libvirt lets it arrive running."""
    if not case.guest.running:
        yield NOT_RUNNING


def mode(case: Case) -> Iterator[str]:
    """What the destination's Xen offers."""
    guest, there = case.guest, case.there
    limit = there.max_vcpus.get(guest.mode)
    if limit is None:
        yield (
            f"it is a {guest.mode} guest and {there.hostname} offers "
            f"{listed(sorted(there.max_vcpus))}"
        )
    elif guest.vcpus > limit:
        yield (
            f"it has {guest.vcpus} vCPUs and a {guest.mode} guest can have {limit} on "
            f"{there.hostname}"
        )


def shadow(case: Case) -> Iterator[str]:
    """Xen logs the pages a PV guest changes by shadow paging, at the source alone.

    Debian's Xen is built without; there libxl fails in mid-copy with nothing but
    'Failed to enable logdirty: 95' in its log. HVM and PVH need hap only.
    """
    if case.pv_live and SHADOW not in case.here.virt_caps:
        yield (
            "a PV guest migrates live with shadow paging only and this host's Xen is "
            f"built without (virt_caps in 'xl info': {listed(case.here.virt_caps)}), "
            "so use --stop-and-copy, for which the guest stands still while its "
            "memory is copied"
        )


def passthrough(case: Case) -> Iterator[str]:
    """libvirt refuses it too: domain has assigned host devices."""
    if case.guest.passthrough:
        yield (
            f"it has devices of this host ({listed(case.guest.passthrough)}), which "
            "cannot go along (detach them)"
        )


def formats(case: Case) -> Iterator[str]:
    """A guest whose disk QEMU cannot read waits for it for ever."""
    unserved = set(case.there.unserved_formats)
    for disk in case.guest.disks:
        if disk.format in unserved:
            yield (
                f"its disk {disk.target} is {disk.format}, which QEMU on "
                f"{case.there.hostname} was built without"
            )


def identity(case: Case) -> Iterator[str]:
    """libvirt would refuse a running one alone; remains have to be settled first."""
    guest, host = case.guest, case.there.hostname
    known = {name: uuid.lower() for name, uuid in case.there.domains.items()}
    uuid = guest.uuid.lower()
    other = known.get(guest.name)
    if other == uuid:
        yield (
            f"{host} knows a server of this name and UUID already (run 'nova-xen "
            f"migration recover {guest.name}')"
        )
    elif other is not None:
        yield f"{host} has another server of this name (UUID {other})"
    for name in [name for name in known if known[name] == uuid != other]:
        yield f"{host} has a server {name} with its UUID {guest.uuid}"
