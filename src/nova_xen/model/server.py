# SPDX-License-Identifier: Apache-2.0
"""What is told of a server that exists."""

import dataclasses

from nova_xen.model.guest import GuestMode, PowerState


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerDisk:
    """A disk as the guest sees it and the host stores it."""

    target: str
    bus: str
    format: str
    source: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerNic:
    """A network interface of a server."""

    mac: str
    bridge: str
    model: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerSummary:
    """A row of the list of servers; memory in MiB; ``domid`` None when off."""

    uuid: str
    name: str
    state: PowerState
    mode: GuestMode
    vcpus: int
    memory_mib: int
    domid: int | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Server(ServerSummary):
    """Everything told of one server."""

    image: str
    flavor: str
    created: str
    boot: str
    disks: tuple[ServerDisk, ...]
    nics: tuple[ServerNic, ...]
    vnc: str
    console_log: str
    properties: dict[str, str]
