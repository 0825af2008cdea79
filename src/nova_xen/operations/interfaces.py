# SPDX-License-Identifier: Apache-2.0
"""Network interfaces given to servers and taken from them."""

import dataclasses
import uuid

from nova_xen.domain import Interface
from nova_xen.model import DeviceChange, DeviceKind, FrontendState
from nova_xen.operations.devices import (
    Plugging,
    Subject,
    changing,
    take_out,
    unheard,
)
from nova_xen.operations.host import Host
from nova_xen.operations.request import NicRequest, make_nic
from nova_xen.operations.uses import mac_owners
from nova_xen.planning.attached import choose_interface, of_interface
from nova_xen.planning.cards import PlannedInterface, context_of, plan_interface


def attach_interface(host: Host, name: str, request: NicRequest) -> DeviceChange:
    """Give a server a network interface, as it would have been made with it.

    :raises WrongState: its devices cannot change now
    :raises BridgeNotFound, InvalidNic, InvalidExtraSpec: it cannot be had
    :raises StepFailed: libvirt or the host failed; the server is as it was
    """
    with changing(host, name) as subject:
        planned = _plan(subject, request)
        nic = planned.interface
        mac = nic.mac or ""
        state = Plugging(subject, nic, of_interface(mac)).run()
        return DeviceChange(
            kind=DeviceKind.NETWORK,
            device=mac,
            source=nic.bridge or "",
            type=nic.model or "",
            where=subject.where,
            connected=None if state is None else state is FrontendState.CONNECTED,
            warnings=(*planned.warnings, *unheard(subject, state, mac)),
        )


def _plan(subject: Subject, request: NicRequest) -> PlannedInterface:
    host = subject.host
    # libvirt would make one for each of the two documents, and not the same
    nic = dataclasses.replace(make_nic(request), interface_id=str(uuid.uuid4()))
    facts = host.facts(programs=False)
    context = context_of(subject.domain, subject.mode, facts, host.options)
    owners = mac_owners(host.connection)
    return plan_interface(context, nic, owners, live=subject.where.live)


def detach_interface(host: Host, name: str, mac: str) -> tuple[str, ...]:
    """Take a network interface from a server.

    :returns: what should be known
    :raises DeviceNotFound: it has none of this address
    :raises DetachFailed: the guest holds it
    """
    with changing(host, name) as subject:
        documents = subject.documents()
        match = choose_interface(subject.name, documents, mac)
        found = documents.find(match)
        warnings = take_out(subject, match)
        return (*_emulated(subject, found.live), *warnings)


def _emulated(subject: Subject, nic: object) -> tuple[str, ...]:
    """libxl takes Xen's own card out, and not the one that QEMU emulates beside it."""
    if not isinstance(nic, Interface) or nic.model in (None, "netfront"):
        return ()
    return (
        f"the emulated {nic.model} beside it stays in the guest until that is off, and "
        "leads nowhere",
    )
