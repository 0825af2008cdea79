# SPDX-License-Identifier: Apache-2.0
"""What both hosts say before a migration: the guest, the question, the answer."""

import dataclasses
import enum
from collections.abc import Mapping

from nova_xen.model.guest import DiskFormat, GuestMode


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingDisk:
    """A disk of the guest: ``files`` are its path and those it is an overlay of."""

    target: str
    format: DiskFormat
    files: tuple[str, ...]
    block: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingGuest:
    """What is known of the guest at the source before it moves.

    ``passthrough`` names its host devices, ``files`` its kernel, ramdisk, firmware and
    boot loader, ``cpu`` is the ``<cpu>`` element of the source's capabilities.
    """

    uuid: str
    name: str
    mode: GuestMode
    running: bool
    memory_mib: int
    vcpus: int
    disks: tuple[MovingDisk, ...] = ()
    bridges: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()
    cpu: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inquiry:
    """What the source asks the destination about, in one round trip.

    ``files`` must exist there, ``proofs`` are files whose content shall be told,
    ``formats`` must be served by its QEMU, ``cpu`` be offered by its processor. The
    ``name`` must be free; "" where that is not asked.
    """

    name: str
    uuid: str
    files: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    formats: tuple[DiskFormat, ...] = ()
    cpu: str = ""


class CpuComparison(enum.IntEnum):
    """libvirt's virCPUCompareResult, and None's stand-in where nobody could say."""

    ERROR = -1
    INCOMPATIBLE = 0
    IDENTICAL = 1
    SUPERSET = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class MigrationHost:
    """A host as a migration sees it, the source's own or the destination's answer.

    Versions are libvirt's integers; ``virt_caps`` are the words of ``xl info``;
    ``clock`` is the host's time when it answered; ``domains`` has the UUID of each
    name that libvirt or Xen knows; ``proofs`` the content of each proof file, None
    where it cannot be read; ``missing`` the files asked about that are not there.
    """

    hostname: str
    address: str
    xen_version: int
    libvirt_version: int
    clock: float
    free_memory_mib: int
    autoballoon: bool = False
    max_vcpus: Mapping[GuestMode, int] = dataclasses.field(default_factory=dict)
    virt_caps: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    domains: Mapping[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    proofs: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    unserved_formats: tuple[DiskFormat, ...] = ()
    cpu: CpuComparison = CpuComparison.ERROR
    console_listen: str = "127.0.0.1"
    #: guests arriving there now
    incoming: int = 0
