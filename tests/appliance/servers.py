# SPDX-License-Identifier: Apache-2.0
"""Servers that are to be told something, and a run of the real thing."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.disks import run
from nova_xen.injection.guest.inject import inject
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import (
    DiskFormat,
    Flavor,
    GuestSetup,
    Image,
    InjectedFile,
    InjectionPlan,
    Instance,
    Nic,
    NicAddress,
)

PASSWORD = "correct horse battery"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 me@example.org"
CACHE = Path(
    os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "nova-xen", "appliance"
)
OPTIONS = InjectionOptions(cache_dir=str(CACHE), timeout=120)
NIC = Nic(
    bridge="br0",
    mac="00:16:3E:0A:0B:0C",
    addresses=(
        NicAddress(
            address=ipaddress.ip_interface("192.0.2.5/24"),
            gateway=ipaddress.ip_address("192.0.2.1"),
        ),
    ),
    dns=(ipaddress.ip_address("192.0.2.53"),),
)
WHOLE = GuestSetup(
    hostname="web1",
    ssh_keys=(KEY,),
    admin_password=PASSWORD,
    files=(
        InjectedFile(path="/etc/motd", content=b"hello\n"),
        InjectedFile(path="/srv/new/run", content=b"#!/bin/sh\n", mode=0o750),
    ),
    metadata={"role": "web"},
)
FILE = GuestSetup(files=(InjectedFile(path="/etc/motd", content=b"hello\n"),))


def server(setup: GuestSetup, *nics: Nic) -> Instance:
    """A server that is told ``setup``."""
    return Instance(
        name="web",
        uuid="8f3a5e5c-0d5e-4d5e-9c53-0a1b2c3d4e5f",
        image=Image(path="", disk_format=DiskFormat.RAW, virtual_size=0),
        flavor=Flavor(vcpus=1, memory_mib=64),
        nics=nics,
        setup=setup,
    )


def write(
    disk: Path,
    setup: GuestSetup,
    *nics: Nic,
    partition: int = 1,
    fmt: DiskFormat = DiskFormat.RAW,
    progress: Callable[[str, float], None] = lambda what, part: None,
    **options: Any,
) -> None:
    """Inject into a disk, as a new server's first step after it is made."""
    inject(
        InjectionPlan(path=str(disk), format=fmt, partition=partition),
        server(setup, *nics),
        options=dataclasses.replace(OPTIONS, **options),
        server="web",
        progress=progress,
    )


def guestfish(disks: list[Path], commands: str) -> None:
    """Prepare disks with libguestfs's own tool: /dev/sda, /dev/sdb."""
    environment = ("LIBGUESTFS_BACKEND=direct", "LIBGUESTFS_BACKEND_SETTINGS=force_tcg")
    CACHE.mkdir(parents=True, exist_ok=True)
    run(
        *("env", *environment, f"LIBGUESTFS_CACHEDIR={CACHE}", "guestfish"),
        *(word for disk in disks for word in ("--format=raw", "-a", str(disk))),
        *("--", *commands.split()),
    )
