# SPDX-License-Identifier: Apache-2.0
"""What this host has to give and can do."""

from nova_xen.hypervisor.cpu import host_cpu_features
from nova_xen.hypervisor.usage import take_usage
from nova_xen.images import disk_space
from nova_xen.model import Inventory, Trait
from nova_xen.operations.host import Host
from nova_xen.planning.inventory import make_inventories
from nova_xen.planning.traits import make_traits


def get_inventory(host: Host) -> tuple[Inventory, ...]:
    """Its resources and what is used of them.

    :raises SpaceUnknown: the folder of the servers cannot be reached
    :raises HypervisorUnavailable: no libvirtd, no Xen or no permission
    """
    options = host.options
    return make_inventories(
        host.facts(programs=False),
        take_usage(host.connection),
        disk_space(options.instances_path),
        host.resources,
        options.cpuset,
    )


def get_traits(host: Host) -> tuple[Trait, ...]:
    """What servers can have here, by os-traits' names.

    :raises HypervisorUnavailable: no libvirtd, no Xen or no permission
    """
    features = host_cpu_features(host.connection)
    return make_traits(host.facts(programs=False), host.options, features)
