# SPDX-License-Identifier: Apache-2.0
"""What is asked for: an instance, its image, flavor and network interfaces."""

import dataclasses
from collections.abc import Mapping

from nova_xen.model.guest import DiskFormat
from nova_xen.model.setup import Address, GuestSetup, NicAddress

MIB = 1024**2
GIB = 1024**3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Image:
    """A disk image on this host whose header has been inspected.

    ``virtual_size`` in bytes; ``min_disk`` in GiB; ``min_ram`` in MiB.
    ``path`` may be empty when only planning.
    """

    path: str
    disk_format: DiskFormat
    virtual_size: int
    id: str = ""
    iso: bool = False
    min_disk: int = 0
    min_ram: int = 0
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flavor:
    """Sizes: memory and swap in MiB, root and ephemeral in GiB (0: the image's own)."""

    vcpus: int
    memory_mib: int
    root_gib: int = 0
    ephemeral_gib: int = 0
    swap_mib: int = 0
    name: str = "custom"
    extra_specs: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Nic:
    """A network interface; None leaves a choice to planning.

    ``interface_id`` is Open vSwitch's external id (Neutron's port). ``addresses`` are
    told to the guest, none means DHCP; ``dns`` are its name servers.
    """

    bridge: str
    mac: str
    model: str | None = None
    mtu: int | None = None
    script: str | None = None
    target_dev: str | None = None
    interface_id: str | None = None
    addresses: tuple[NicAddress, ...] = ()
    dns: tuple[Address, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instance:
    """A server as it is asked for; ``uuid`` and MACs are chosen before planning."""

    name: str
    uuid: str
    image: Image
    flavor: Flavor
    nics: tuple[Nic, ...] = ()
    kernel: str | None = None
    ramdisk: str | None = None
    os_type: str | None = None
    vnc_password: str | None = dataclasses.field(default=None, repr=False)
    creation_time: str = ""
    setup: GuestSetup = dataclasses.field(default_factory=GuestSetup)
    config_drive: bool = False
