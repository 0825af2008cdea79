# SPDX-License-Identifier: Apache-2.0
"""A server that is told everything, and its config drive."""

import dataclasses
import pathlib
from typing import Any

from golden.builders import PV, instance, nic
from nova_xen.injection.config_drive import make_config_drive
from nova_xen.model import (
    ConfigDriveFormat,
    ConfigDrivePlan,
    DiskKind,
    GuestMode,
    GuestSetup,
    InjectedFile,
    Instance,
)
from unit.planning.keys import ED25519, RSA
from unit.planning.test_addresses import address

SECRET = "hunter2:ü"
SETUP = GuestSetup(
    hostname="web.example.org",
    ssh_keys=(ED25519, RSA),
    admin_password=SECRET,
    files=(
        InjectedFile(path="/etc/motd", content=b"hello\n"),
        InjectedFile(path="/srv/all bytes", content=bytes(range(256)) * 17),
        InjectedFile(path="/srv/empty", content=b""),
    ),
    metadata={"role": "web", "größe": "ü"},
    user_data=b"#!/bin/sh\necho \xff\n",
    vendor_data={"cloud-init": "#cloud-config\n{}", "other": [1, None]},
)
NICS = (
    nic(
        mtu=1400,
        addresses=(
            address("192.0.2.5/24", "192.0.2.1"),
            address("2001:db8::5/64", "fe80::1"),
        ),
        dns=(address("192.0.2.53/32").address.ip, address("2001:db8::53").address.ip),
    ),
    nic(mac="00:16:3E:AA:BB:CC", dns=(address("192.0.2.53/32").address.ip,)),
)
DEVICES = {DiskKind.ROOT: "/dev/xvda", DiskKind.SWAP: "/dev/xvdb"}


def server(**setup: Any) -> Instance:
    """The server, but with these words of its setup."""
    return instance(PV, setup=dataclasses.replace(SETUP, **setup), nics=NICS)


def plan(folder: pathlib.Path, drive_format: str) -> ConfigDrivePlan:
    return ConfigDrivePlan(
        path=str(folder / "disk.config"),
        format=ConfigDriveFormat(drive_format),
        devices=DEVICES,
    )


def make(folder: pathlib.Path, drive_format: str, of: Instance) -> pathlib.Path:
    planned = plan(folder, drive_format)
    make_config_drive(planned, of, GuestMode.PV, server="web1")
    return pathlib.Path(planned.path)
