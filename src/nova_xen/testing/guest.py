# SPDX-License-Identifier: Apache-2.0
"""What a fake host knows of one guest."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field

import libvirt

from nova_xen.testing import errors, xmltext
from nova_xen.testing.errors import Origin
from nova_xen.testing.xmltext import Element

DOMAIN_0 = "Domain-0"
_CONSOLES = "devices/console/target"
_LIVE, _CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG


@dataclass
class Job:
    """A long operation on a guest: who holds it and since when."""

    holder: str
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the job began."""
        return int((time.monotonic() - self.started) * 1000)


@dataclass
class Guest:
    """A guest as libvirtd keeps it.

    `current` is its definition now; `future` the one for its next start, kept
    only while it runs. Memory is in KiB, CPU time in nanoseconds. `has_qemu` is
    settled when it starts: one that started without QEMU never gets one. So are
    `empty_drives`, the CD drives without a medium: QEMU dies of one that comes later.
    `counters` are what a test has it count: of a network interface, by its address,
    eight numbers in libvirt's order; of a disk of the driver phy, by its target, the
    bytes read, reads, bytes written, writes, flushes and delayed requests.
    `saved` is what libvirt believes of the guest's file of saved memory.
    """

    name: str
    uuid: str
    current: Element
    future: Element | None = None
    id: int = -1
    persistent: bool = False
    state: int = libvirt.VIR_DOMAIN_SHUTOFF
    reason: int = libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN
    autostart: bool = False
    saved: bool = False
    weight: int = 256
    cap: int = 0
    memory_kib: int = 0
    cpu_time: int = 0
    has_qemu: bool = False
    empty_drives: frozenset[str] = frozenset()
    job: Job | None = None
    counters: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Tell whether the guest has a Xen domain."""
        return self.id >= 0

    @property
    def os_type(self) -> str:
        """libvirt's word for the kind of guest: linux, xenpvh or hvm."""
        return self.current.findtext("os/type", "linux")

    @property
    def max_memory_kib(self) -> int:
        """The most memory the guest may have."""
        return xmltext.kib(self.current.find("memory")) or 0

    def set_state(self, state: int, reason: int) -> None:
        """Set libvirt's pair of state and reason."""
        self.state, self.reason = state, reason

    def check_active(self) -> None:
        """Refuse a call that needs a running guest."""
        if not self.active:
            raise errors.operation_invalid("domain is not running", Origin.DOMAIN)

    def impact(self, flags: int) -> int:
        """Resolve CURRENT to LIVE or CONFIG and refuse what does not fit."""
        if not flags & (_LIVE | _CONFIG):
            flags |= _LIVE if self.active else _CONFIG
        if flags & _LIVE:
            self.check_active()
        if flags & _CONFIG and not self.persistent:
            detail = "transient domains do not have any persistent config"
            raise errors.operation_invalid(detail, Origin.DOMAIN)
        return flags

    @property
    def config(self) -> Element:
        """The definition of the next start."""
        return self.current if self.future is None else self.future

    def assign(self, document: Element) -> None:
        """Take a new persistent definition."""
        if self.active:
            self.future = document
        else:
            self.current = document

    def begin_run(self, domain_id: int) -> None:
        """Become a running domain; what is changed live is not kept for ever."""
        if self.persistent and self.future is None:
            self.future = copy.deepcopy(self.current)
            for index, target in enumerate(self.future.findall(_CONSOLES)):
                # libvirt counts them anew when it copies a definition.
                target.set("port", str(index))
        self.id = domain_id

    def end_run(self) -> None:
        """Lose the Xen domain and go back to the persistent definition."""
        self.id = -1
        self.memory_kib = 0
        self.cpu_time = 0
        self.counters = {}
        if self.future is not None:
            self.current, self.future = self.future, None
