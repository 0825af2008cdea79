# SPDX-License-Identifier: Apache-2.0
"""The driver over a private libvirtd, and plans for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from libxl.rig.toolstack import SimulatedToolstack
from nova_xen import config
from nova_xen.driver import LibvirtDriver
from nova_xen.hypervisor import BootPaths, Connection
from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat, Flavor, Plan, PlanOptions
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest

MIB = 1024**2


def open_driver(
    uri: str,
    folder: Path,
    *,
    save_folder: str | None = None,
    toolstack: SimulatedToolstack | None = None,
    **options: Any,
) -> LibvirtDriver:
    """A driver whose instances and boot files are below ``folder``."""
    grub = folder / "grub"
    grub.touch()
    paths = BootPaths(pvgrub=(str(grub),), pvhgrub=(str(grub),), ovmf=(str(grub),))
    host = Host(
        connection=Connection(uri, save_folder=save_folder),
        options=PlanOptions(instances_path=str(folder / "instances"), **options),
        boot_paths=paths,
        shutdown_timeout=10,
        reboot_timeout=20,
    )
    if toolstack is not None:
        host = dataclasses.replace(host, toolstack=lambda: toolstack)
    return LibvirtDriver(config.load(), host=host)


def make_plan(
    driver: LibvirtDriver,
    folder: Path,
    name: str = "web",
    disk_format: DiskFormat = DiskFormat.QCOW2,
    properties: dict[str, str] | None = None,
    extra_specs: dict[str, str] | None = None,
) -> Plan:
    """A plan for a small server from a blank image of ``disk_format``."""
    image = folder / f"image.{disk_format}"
    if not image.exists():
        qemu_img.create(str(image), disk_format, 4 * MIB, server=name)
    flavor = Flavor(vcpus=2, memory_mib=64, extra_specs=extra_specs or {})
    request = CreateRequest(
        name=name,
        image=str(image),
        image_format=disk_format.value,
        flavor=flavor,
        properties=properties or {},
    )
    return driver.plan(driver.build_instance(request))


def left_behind(driver: LibvirtDriver, connection: Any, folder: Path) -> list[str]:
    """Domains and instance folders that are there."""
    domains = [d.name() for d in connection.listAllDomains() if d.ID() != 0]
    shared = ("_base", "locks")
    folders = [p.name for p in (folder / "instances").glob("*")]
    return domains + [name for name in folders if name not in shared]
