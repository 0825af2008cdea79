# SPDX-License-Identifier: Apache-2.0
"""The guests of the host and which of them are servers of ours.

Round trips: two lists (all; those that run), then for each guest one for its
document and, unless it simply runs, one for its state. A guest that is off and may be
suspended costs one more where libvirt's folder of saved memory cannot be seen. libxl
has no call that tells of many guests at once (virConnectGetAllDomainStats is not
supported).
"""

import contextlib
import dataclasses
from typing import Any

import libvirt

from nova_xen import exceptions
from nova_xen.domain import Domain, OsType, parse_domain
from nova_xen.hypervisor import power
from nova_xen.hypervisor.connection import Connection
from nova_xen.hypervisor.guest import Guest
from nova_xen.hypervisor.lifecycle import Seen
from nova_xen.model import GuestMode, PowerState, ServerSummary

#: the UUID of the host's own domain, which is no guest
DOMAIN_0 = "00000000-0000-0000-0000-000000000000"
_RUNNING = libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING

MODES = {
    OsType.XEN: GuestMode.PV,
    OsType.LINUX: GuestMode.PV,
    OsType.HVM: GuestMode.HVM,
    OsType.XENPVH: GuestMode.PVH,
}


@dataclasses.dataclass(frozen=True)
class Listed:
    """A guest with what was read of it; ``domid`` None when off."""

    guest: Guest
    domain: Domain
    state: PowerState
    domid: int | None

    @property
    def summary(self) -> ServerSummary:
        """The row of a list of servers."""
        return ServerSummary(
            uuid=self.guest.uuid,
            name=self.guest.name,
            state=self.state,
            mode=MODES[self.domain.os.type],
            vcpus=self.domain.vcpus,
            memory_mib=self.domain.memory // 1024,
            domid=self.domid,
        )


@dataclasses.dataclass(frozen=True)
class Inventory:
    """Our servers by name, and how many guests are not ours.

    ``unreadable`` names guests whose document this package cannot read; they count
    as foreign.
    """

    servers: tuple[Listed, ...]
    foreign: int
    unreadable: tuple[str, ...] = ()


def take_inventory(connection: Connection) -> Inventory:
    """Read all guests but Domain-0; one that vanishes meanwhile is left out."""
    handles = _list(connection, 0)
    running = {handle.UUIDString() for handle in _list(connection, _RUNNING)}
    servers: list[Listed] = []
    unreadable: list[str] = []
    foreign = 0
    for handle in handles:
        try:
            listed = _read(connection, handle, handle.UUIDString() in running)
        except exceptions.ServerNotFound:
            continue
        except ValueError:
            unreadable.append(handle.name())
            listed = None
        if listed is None:
            foreign += 1
        else:
            servers.append(listed)
    by_name = sorted(servers, key=lambda one: one.guest.name)
    return Inventory(tuple(by_name), foreign, tuple(sorted(unreadable)))


def take_states(connection: Connection) -> dict[str, Seen]:
    """The state of every guest, ours or not, by UUID; no documents are read."""
    handles = _list(connection, 0)
    running = {handle.UUIDString() for handle in _list(connection, _RUNNING)}
    found: dict[str, Seen] = {}
    for handle in handles:
        guest = Guest.of(connection, handle)
        with contextlib.suppress(exceptions.ServerNotFound):
            found[guest.uuid] = _seen(guest, handle.ID(), guest.uuid in running)
    return found


def _list(connection: Connection, flags: int) -> list[Any]:
    found = connection.call("listAllDomains", flags, doing="listing the guests")
    return [each for each in found if each.UUIDString() != DOMAIN_0]


def _read(connection: Connection, handle: Any, running: bool) -> Listed | None:
    guest = Guest.of(connection, handle)
    domain = parse_domain(guest.xml())
    if domain.instance is None:
        return None
    seen = _seen(guest, handle.ID(), running)
    return Listed(guest, domain, seen.state, seen.domid)


def _seen(guest: Guest, number: int, running: bool) -> Seen:
    """``number`` is libvirt's id, -1 when there is no domain."""
    domid = None if number < 0 else number
    state = PowerState.RUNNING if running else _state(guest, domid is not None)
    return Seen(guest.name, state, domid)


def _state(guest: Guest, active: bool) -> PowerState:
    state, reason = guest.raw_state()
    unsure = not active and power.may_be_saved(state, reason)
    saved = unsure and guest.has_saved_memory()
    return power.power_state(state, reason, active=active, saved=saved)
