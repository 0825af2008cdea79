# SPDX-License-Identifier: Apache-2.0
"""Metadata in the form of EC2, which old guests read."""

from collections.abc import Mapping
from typing import Any

from nova_xen.injection.config_drive import openstack
from nova_xen.model import DiskKind, Instance

#: the one version that Nova puts on a config drive unless it is told otherwise
VERSION = "2009-04-04"
_NAMES = {DiskKind.EPHEMERAL: "ephemeral0", DiskKind.SWAP: "swap"}


def meta_data(instance: Instance, devices: Mapping[DiskKind, str]) -> dict[str, Any]:
    """meta-data.json; ids that only EC2 has are empty."""
    hostname = openstack.hostname(instance)
    told: dict[str, Any] = {
        "ami-id": instance.image.id,
        "ami-launch-index": 0,
        "ami-manifest-path": "",
        "block-device-mapping": _mapping(devices),
        "hostname": hostname,
        "instance-action": "none",
        "instance-id": instance.uuid,
        "instance-type": instance.flavor.name,
        "local-hostname": hostname,
        "local-ipv4": _first_ipv4(instance),
        "placement": {"availability-zone": openstack.AVAILABILITY_ZONE},
        "public-hostname": hostname,
        "public-ipv4": "",
        "reservation-id": "",
        "security-groups": [],
    }
    named = openstack.key_names(instance)
    if named:
        told["public-keys"] = {
            str(number): {"_name": f"{number}={name}", "openssh-key": key}
            for number, (name, key) in enumerate(named.items())
        }
    return told


def _mapping(devices: Mapping[DiskKind, str]) -> dict[str, str]:
    """Root by its short and its whole name, as EC2 has it."""
    found = {
        name: device for kind, name in _NAMES.items() if (device := devices.get(kind))
    }
    root = devices.get(DiskKind.ROOT)
    if root:
        found |= {"ami": root.rpartition("/")[2], "root": root}
    return found


def _first_ipv4(instance: Instance) -> str:
    addresses = (
        str(given.address.ip)
        for nic in instance.nics
        for given in nic.addresses
        if given.address.version == 4
    )
    return next(addresses, "")
