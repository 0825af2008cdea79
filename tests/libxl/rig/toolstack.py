# SPDX-License-Identifier: Apache-2.0
"""What the simulated Xen knows beside libvirtd, as ``xl`` shows it on a real host.

The state is read from the mapped file that outlives the daemon (sim.h), so a killed
libvirtd hides nothing.
"""

from __future__ import annotations

import ctypes
import uuid as uuids
from pathlib import Path

from libxl.rig.simulation import Simulation
from nova_xen.hypervisor.pause_mark import write_mark
from nova_xen.model import XenDomain

_DOMAINS = 64
_DEVICES = 32
_TEXT = 256
_SUSPENDED = 2  # LIBXL_SHUTDOWN_REASON_SUSPEND


class _Disk(ctypes.Structure):
    _fields_ = [
        ("vdev", ctypes.c_char * 32),
        ("path", ctypes.c_char * _TEXT),
        ("backend", ctypes.c_int),
        ("began_empty", ctypes.c_int),
    ]


class _Nic(ctypes.Structure):
    _fields_ = [
        ("mac", ctypes.c_uint8 * 6),
        ("bridge", ctypes.c_char * 64),
        ("devid", ctypes.c_int),
    ]


class _Domain(ctypes.Structure):
    _fields_ = [
        ("used", ctypes.c_int),
        ("id", ctypes.c_uint32),
        ("name", ctypes.c_char * _TEXT),
        ("uuid", ctypes.c_uint8 * 16),
        ("type", ctypes.c_int),
        ("has_qemu", ctypes.c_int),
        ("paused", ctypes.c_int),
        ("pause_when_suspended", ctypes.c_int),
        ("shutdown", ctypes.c_int),
        ("reason", ctypes.c_int),
        ("memory_kib", ctypes.c_uint64),
        ("maximum_kib", ctypes.c_uint64),
        ("vcpus", ctypes.c_int),
        ("max_vcpus", ctypes.c_int),
        ("weight", ctypes.c_int),
        ("cap", ctypes.c_int),
        ("started_ns", ctypes.c_int64),
        ("disk_count", ctypes.c_int),
        ("disks", _Disk * _DEVICES),
        ("nic_count", ctypes.c_int),
        ("nics", _Nic * _DEVICES),
    ]


class _State(ctypes.Structure):
    _fields_ = [
        ("ready", ctypes.c_uint32),
        ("next_id", ctypes.c_uint32),
        ("total_kib", ctypes.c_uint64),
        ("dom0_kib", ctypes.c_uint64),
        ("cpus", ctypes.c_int),
        ("domains", _Domain * _DOMAINS),
    ]


class SimulatedToolstack:
    """:class:`nova_xen.migration.interfaces.Toolstack` over one simulated Xen."""

    def __init__(self, xen: Simulation, folder: Path) -> None:
        self._xen = xen
        self._file = folder / "xen" / "xen.state"

    def _used(self) -> list[tuple[int, _Domain]]:
        """Each domain, and where it begins in the file."""
        state = _State.from_buffer_copy(self._file.read_bytes())
        begin, size = _State.domains.offset, ctypes.sizeof(_Domain)
        return [
            (begin + index * size, each)
            for index, each in enumerate(state.domains)
            if each.used
        ]

    def _change(self, domid: int, **values: int) -> None:
        """Write numbers of a domain; the daemon has the file mapped and sees them."""
        with self._file.open("r+b", buffering=0) as file:
            for begin, domain in self._used():
                if domain.id != domid:
                    continue
                for name, value in values.items():
                    file.seek(begin + getattr(_Domain, name).offset)
                    file.write(value.to_bytes(4, "little"))

    def domains(self) -> tuple[XenDomain, ...]:
        """Every domain."""
        return tuple(_seen(each) for _begin, each in self._used())

    def destroy(self, domid: int) -> None:
        """End a domain, and tell libvirtd if it lives."""
        for domain in self.domains():
            if domain.domid == domid:
                try:
                    self._xen.kill(domain.name)
                except OSError:
                    self._change(domid, used=0)

    def unpause(self, domid: int) -> None:
        """Let a paused domain go on."""
        self._change(domid, paused=0)

    def resume(self, domid: int) -> None:
        """Let a suspended domain go on."""
        self._change(domid, shutdown=0, reason=0)

    def pause_when_suspended(self, domid: int, wanted: bool) -> None:
        """Have a domain paused when it is suspended, or no more."""
        self._change(domid, pause_when_suspended=int(wanted))

    def set_cap(self, domid: int, cap: int) -> None:
        """Limit a domain to percent of a processor."""
        self._change(domid, cap=cap)

    def virt_caps(self) -> tuple[str, ...]:
        """The words of a Debian Xen, which has no shadow paging."""
        return ("pv", "hvm", "hap")


class SimulatedPausing:
    """:class:`nova_xen.migration.interfaces.Pausing` of a simulated domain."""

    def __init__(self, toolstack: SimulatedToolstack, domid: int, journal: str) -> None:
        self._toolstack = toolstack
        self._domid = domid
        self._journal = journal

    def ready(self) -> None:
        """It looks at the domain from now on."""
        # the simulated libxl pauses it, and does not know of the mark
        write_mark(self._journal, self._domid)
        self._toolstack.pause_when_suspended(self._domid, True)

    def trouble(self) -> str:
        """There is none."""
        return ""

    def close(self) -> None:
        """End it."""
        self._toolstack.pause_when_suspended(self._domid, False)


def _seen(domain: _Domain) -> XenDomain:
    suspended = bool(domain.shutdown) and domain.reason == _SUSPENDED
    return XenDomain(
        domid=domain.id,
        name=domain.name.decode(),
        uuid=str(uuids.UUID(bytes=bytes(domain.uuid))),
        memory_mib=domain.memory_kib // 1024,
        paused=bool(domain.paused),
        suspended=suspended,
        ended=bool(domain.shutdown) and not suspended,
    )
