# SPDX-License-Identifier: Apache-2.0
"""What is known of a Xen host: facts that planning decides upon, no I/O."""

import dataclasses
from collections.abc import Mapping

from nova_xen.model.guest import DiskFormat, GuestMode


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModeFacts:
    """What libvirt's capabilities say of one guest mode."""

    os_type: str
    machine: str
    max_vcpus: int
    video_models: tuple[str, ...] = ()
    graphics: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class BridgeFacts:
    """A bridge of the host; ``mtu`` in bytes."""

    name: str
    mtu: int
    openvswitch: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class BootFiles:
    """Boot programs found on the host, None where there is none."""

    hvmloader: str | None = None
    ovmf: str | None = None
    pvgrub: str | None = None
    pvhgrub: str | None = None
    pygrub: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostFacts:
    """A Xen host as libvirt and the file system show it.

    Versions are libvirt's integers (major * 1,000,000 + minor * 1,000 + micro);
    ``console_log_dir`` is None when xenconsoled keeps no logs of guests;
    ``autoballoon`` tells that libxl may take memory from Domain-0 for a guest;
    ``unserved_formats`` are those its QEMU was asked about and does not have.
    ``uptime`` is Domain-0's in seconds, None when it was not read.
    """

    hostname: str
    arch: str
    xen_version: int
    libvirt_version: int
    modes: Mapping[GuestMode, ModeFacts]
    cpus: int
    memory_mib: int
    free_memory_mib: int
    autoballoon: bool = False
    scheduler: str = ""
    bridges: Mapping[str, BridgeFacts] = dataclasses.field(default_factory=dict)
    boot_files: BootFiles = BootFiles()
    console_log_dir: str | None = None
    unserved_formats: frozenset[DiskFormat] = frozenset()
    uptime: int | None = None
