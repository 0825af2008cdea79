# SPDX-License-Identifier: Apache-2.0
"""A destination in memory: libvirt, Xen beside it, journals, and the peer over them."""

import dataclasses
import os
from typing import Any

from nova_xen.domain import Devices, Domain, Os, OsType, format_domain
from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.migration.journal import Journals, boot_id
from nova_xen.migration.peer.actions import Patience
from nova_xen.migration.peer.local import LocalPeer
from nova_xen.model import (
    MigrationJournal,
    MigrationKind,
    MigrationOptions,
    MigrationState,
    PlanOptions,
    Side,
    XenDomain,
)
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost

UUID = "5a1e2d3c-0000-4000-8000-000000000001"
OTHER = "5a1e2d3c-0000-4000-8000-000000000002"
NAME = "web"


def document(uuid: str = UUID, name: str = NAME, memory: int = 131072) -> str:
    """A small guest's definition."""
    return format_domain(
        Domain(
            name=name,
            uuid=uuid,
            memory=memory,
            vcpus=1,
            os=Os(type=OsType.XENPVH, kernel="/boot/vmlinuz"),
            devices=Devices(),
        )
    )


def journal(uuid: str = UUID, **changes: Any) -> MigrationJournal:
    """A journal as the source sends it."""
    made = MigrationJournal(
        id=f"m-{uuid[-1]}",
        side=Side.SOURCE,
        uuid=uuid,
        name=NAME,
        peer="xen1",
        uri="xen+tls://xen2/system",
        kind=MigrationKind.LIVE,
        state=MigrationState.PREPARING,
        updated=1.5,
        pid=1,
        boot_id="another",
    )
    return dataclasses.replace(made, **changes)


def kept(sent: MigrationJournal) -> MigrationJournal:
    """The same as this process keeps it."""
    return dataclasses.replace(
        sent, side=Side.DESTINATION, pid=os.getpid(), boot_id=boot_id()
    )


class FakeToolstack:
    """What Xen has, beside what libvirt believes."""

    def __init__(self, *domains: XenDomain) -> None:
        self.all = {each.domid: each for each in domains}
        self.calls: list[tuple[str, int]] = []
        self.caps: dict[int, int] = {}
        self.undying = False

    def domains(self) -> tuple[XenDomain, ...]:
        return tuple(self.all.values())

    def destroy(self, domid: int) -> None:
        self.calls.append(("destroy", domid))
        if not self.undying:
            self.all.pop(domid, None)

    def unpause(self, domid: int) -> None:
        self._change("unpause", domid, paused=False)

    def resume(self, domid: int) -> None:
        self._change("resume", domid, suspended=False)

    def set_cap(self, domid: int, cap: int) -> None:
        self.caps[domid] = cap

    def virt_caps(self) -> tuple[str, ...]:
        return ("pv", "hvm", "hap")

    def _change(self, what: str, domid: int, **changes: Any) -> None:
        self.calls.append((what, domid))
        self.all[domid] = dataclasses.replace(self.all[domid], **changes)


@dataclasses.dataclass
class Scene:
    """A fake host and everything that a peer works with there."""

    state_path: str
    options: MigrationOptions = dataclasses.field(default_factory=MigrationOptions)
    fake: FakeHost = dataclasses.field(
        default_factory=lambda: FakeHost("xen2", exists=lambda path: True)
    )
    toolstack: FakeToolstack = dataclasses.field(default_factory=FakeToolstack)

    def __post_init__(self) -> None:
        self.journals = self.new_journals()
        self.host = Host(
            connection=Connection(
                opener=self.fake.connect, deadlines=Deadlines(open=10, query=10)
            ),
            options=PlanOptions(instances_path="/instances", vnc_listen="192.0.2.2"),
        )
        self.peer = self.new_peer()

    def new_journals(self) -> Journals:
        """As another process would have them."""
        return Journals(self.state_path)

    def new_peer(self, journals: Journals | None = None, **more: Any) -> LocalPeer:
        """A peer over this host; with other journals it is as in another process."""
        soon = Patience(domain=0.5, restart=10, answer=10, leaving=0.1)
        return LocalPeer(
            self.host,
            self.options,
            self.toolstack,
            journals or self.journals,
            clock=lambda: 1234.5,
            proof_patience=0.2,
            **{"patience": soon, **more},
        )

    def with_options(self, **changes: Any) -> LocalPeer:
        """The peer with other choices of the operator."""
        self.options = dataclasses.replace(self.options, **changes)
        self.peer = self.new_peer()
        return self.peer

    def run(self, uuid: str = UUID, name: str = NAME, *, paused: bool = False) -> int:
        """Have a guest run, by libvirt and by Xen; gives its domain id."""
        domain = self.fake.connect().defineXML(document(uuid, name))
        domain.createWithFlags(1 if paused else 0)
        domid = self.fake.guest(name).id
        self.toolstack.all[domid] = XenDomain(
            domid=domid, name=name, uuid=uuid, paused=paused
        )
        return domid
