# SPDX-License-Identifier: Apache-2.0
"""The files of a config drive and where they stand on it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nova_xen.injection.config_drive import ec2, openstack
from nova_xen.injection.config_drive.network import network_data
from nova_xen.model import DiskKind, Instance

#: the newest version under a name that never changes
LATEST = "latest"


def drive_files(
    instance: Instance,
    devices: Mapping[DiskKind, str],
    seed: bytes,
    network_file: bytes | None = None,
) -> dict[str, bytes]:
    """Every file by its path, as Nova lays them out for version 2 of config drives.

    :param devices: what Linux calls the server's disks
    :param seed: random bytes for the guest's own generator, used for nothing else
    :param network_file: /etc/network/interfaces for guests that read nothing newer
    """
    content = dict(_content(instance, network_file))
    files = {f"openstack/content/{name}": data for name, data in content.items()}
    for version in (*openstack.VERSIONS, LATEST):
        known = openstack.VERSIONS[-1] if version == LATEST else version
        told = openstack.meta_data(
            instance, known, seed, has_network_file=network_file is not None
        )
        for name, data in _openstack_files(instance, known, told):
            files[f"openstack/{version}/{name}"] = data
    for version in (ec2.VERSION, LATEST):
        files[f"ec2/{version}/meta-data.json"] = _json(ec2.meta_data(instance, devices))
        if instance.setup.user_data is not None:
            files[f"ec2/{version}/user-data"] = instance.setup.user_data
    return files


def _content(
    instance: Instance, network_file: bytes | None
) -> Iterator[tuple[str, bytes]]:
    """Numbered as the paths in meta_data.json say: the network file is the first."""
    given = [network_file] if network_file is not None else []
    given += [file.content for file in instance.setup.files]
    for number, data in enumerate(given):
        yield openstack.content_name(number), data


def _openstack_files(
    instance: Instance, version: str, told: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """The files of one version of OpenStack's metadata."""
    setup = instance.setup
    yield "meta_data.json", _json(told)
    if setup.user_data is not None:
        yield "user_data", setup.user_data
    vendor_data = setup.vendor_data or {}
    if version >= openstack.HAVANA:
        yield "vendor_data.json", _json(vendor_data)
    if version >= openstack.LIBERTY:
        yield "network_data.json", _json(network_data(instance.nics))
    if version >= openstack.NEWTON_TWO:
        yield "vendor_data2.json", _json({"static": vendor_data})


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()
