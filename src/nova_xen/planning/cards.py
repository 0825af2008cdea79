# SPDX-License-Identifier: Apache-2.0
"""Network interfaces that are plugged into a server that exists."""

import dataclasses
from collections.abc import Mapping

from nova_xen import exceptions
from nova_xen.domain import Domain, Interface
from nova_xen.model import (
    DiskFormat,
    Flavor,
    GuestMode,
    HostFacts,
    Image,
    Instance,
    Nic,
    NicModel,
    PlanOptions,
)
from nova_xen.planning.context import Context
from nova_xen.planning.network import decide_interfaces

_LATER = (
    "a card cannot be emulated anew in a guest that runs, so {mac} is Xen's own "
    "(netfront), which a guest without Xen's drivers does not see"
)


@dataclasses.dataclass(frozen=True)
class PlannedInterface:
    """What is to be plugged in, and what should be known of it."""

    interface: Interface
    warnings: tuple[str, ...]


def plan_interface(
    context: Context, nic: Nic, owners: Mapping[str, str], *, live: bool
) -> PlannedInterface:
    """The interface as it would have been made with the server.

    libxl plugs Xen's own card alone into an HVM guest that runs: it takes that for
    the default then (libxl__device_nic_setdefault), and has no way to have QEMU
    emulate one more.

    :param owners: the name of the domain of this host that has each MAC address
    :param live: the server runs
    :raises BridgeNotFound: the host has no such bridge
    :raises InvalidNic: an address that another has, or as ``decide_interfaces``
    """
    _check_untold(context, nic)
    warnings: tuple[str, ...] = ()
    if live and context.mode is GuestMode.HVM:
        nic, warnings = _plugged_into_hvm(context, nic)
    instance = dataclasses.replace(context.instance, nics=(nic,))
    (interface,), reasons = decide_interfaces(
        dataclasses.replace(context, instance=instance)
    )
    owner = owners.get(interface.mac or "")
    if owner is not None:
        raise _wrong(context, nic, f"server {owner} has the same MAC address")
    told = tuple(reason.why for reason in reasons if reason.warning)
    return PlannedInterface(interface, (*warnings, *told))


def _check_untold(context: Context, nic: Nic) -> None:
    if nic.addresses or nic.dns:
        why = (
            "a guest is told addresses, gateways and name servers when it is made and "
            "not later; leave ip, gateway and dns out and set them inside the guest"
        )
        raise _wrong(context, nic, why)


def _plugged_into_hvm(context: Context, nic: Nic) -> tuple[Nic, tuple[str, ...]]:
    own = NicModel.NETFRONT
    if nic.model is not None and nic.model.lower() != own:
        why = (
            f"the card {nic.model} cannot be emulated anew in a guest that runs; stop "
            "the server first or use model=netfront"
        )
        raise _wrong(context, nic, why)
    given = nic.model or context.image_property("hw_vif_model") or ""
    warnings = () if given.lower() == own else (_LATER.format(mac=nic.mac),)
    return dataclasses.replace(nic, model=own.value), warnings


def _wrong(context: Context, nic: Nic, why: str) -> exceptions.InvalidNic:
    return exceptions.InvalidNic(
        server=context.instance.name, nic=f"{nic.mac} on {nic.bridge}", why=why
    )


def context_of(
    domain: Domain, mode: GuestMode, host: HostFacts, options: PlanOptions
) -> Context:
    """What decisions about a server's interfaces look at, read back from its document.

    Of its disks nothing is known here.

    :raises ValueError: the document has no metadata of Nova's
    """
    if domain.instance is None:
        raise ValueError(f"{domain.name} has no metadata")
    flavor, image = domain.instance.flavor, domain.instance.image
    instance = Instance(
        name=domain.name,
        uuid=domain.uuid,
        image=Image(
            path="",
            disk_format=DiskFormat.RAW,
            virtual_size=0,
            properties={each.name: each.value for each in image.properties},
        ),
        flavor=Flavor(
            vcpus=flavor.vcpus,
            memory_mib=flavor.memory,
            extra_specs={each.name: each.value for each in flavor.extra_specs},
        ),
    )
    return Context(instance, host, options, mode)
