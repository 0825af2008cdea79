# SPDX-License-Identifier: Apache-2.0
"""OpenStack's own metadata, as Nova 34 versions it."""

import base64
from typing import Any

from nova_xen.model import Instance
from nova_xen.planning import default_hostname

GRIZZLY = "2013-04-04"
HAVANA = "2013-10-17"
LIBERTY = "2015-10-15"
NEWTON_ONE = "2016-06-30"
NEWTON_TWO = "2016-10-06"
VICTORIA = "2020-10-14"
#: oldest first; a guest takes the newest that it knows
VERSIONS = (
    "2012-08-10",
    GRIZZLY,
    HAVANA,
    LIBERTY,
    NEWTON_ONE,
    NEWTON_TWO,
    "2017-02-22",
    "2018-08-27",
    VICTORIA,
    "2025-04-04",
)
#: Nova's name for the zone of hosts that are in none
AVAILABILITY_ZONE = "nova"


def content_name(number: int) -> str:
    """The name in openstack/content of the file with this number."""
    return f"{number:04}"


def hostname(instance: Instance) -> str:
    """What the guest is to call itself."""
    return instance.setup.hostname or default_hostname(instance.name)


def key_names(instance: Instance) -> dict[str, str]:
    """The SSH keys by names, which Nova's users give and others do not."""
    return {f"key{n}": key for n, key in enumerate(instance.setup.ssh_keys)}


def meta_data(
    instance: Instance, version: str, seed: bytes, *, has_network_file: bool
) -> dict[str, Any]:
    """meta_data.json of one version.

    A key that Nova writes and there is no value for is left out (project_id); lists
    of what this driver never gives are empty (devices, dedicated_cpus).
    """
    told = _optional(instance, has_network_file)
    told |= {
        "uuid": instance.uuid,
        "hostname": hostname(instance),
        "name": instance.name,
        "launch_index": 0,
        "availability_zone": AVAILABILITY_ZONE,
    }
    if version >= GRIZZLY:
        told["random_seed"] = base64.b64encode(seed).decode()
    if version >= NEWTON_ONE:
        told["devices"] = []
    if version >= VICTORIA:
        told["dedicated_cpus"] = []
    return told


def _optional(instance: Instance, has_network_file: bool) -> dict[str, Any]:
    """What stands in it only when there is some of it."""
    setup = instance.setup
    told: dict[str, Any] = {}
    if setup.metadata:
        told["meta"] = dict(setup.metadata)
    if has_network_file:
        told["network_config"] = {
            "name": "network_config",
            "content_path": _content_path(0),
        }
    if setup.files:
        told["files"] = [
            {"path": file.path, "content_path": _content_path(number)}
            for number, file in enumerate(setup.files, int(has_network_file))
        ]
    if setup.admin_password is not None:
        told["admin_pass"] = setup.admin_password
    if setup.ssh_keys:
        named = key_names(instance)
        told["public_keys"] = named
        told["keys"] = [
            {"name": name, "type": "ssh", "data": key} for name, key in named.items()
        ]
    return told


def _content_path(number: int) -> str:
    return f"/content/{content_name(number)}"
