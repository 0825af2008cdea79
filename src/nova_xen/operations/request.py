# SPDX-License-Identifier: Apache-2.0
"""From what a person typed to an instance: names checked, image inspected."""

import dataclasses
import datetime
import os
import secrets
import uuid
from collections.abc import Mapping

from nova_xen import exceptions
from nova_xen.model import (
    Address,
    Checksum,
    Flavor,
    GuestSetup,
    Image,
    ImageOptions,
    Instance,
    Nic,
    NicAddress,
)
from nova_xen.operations.image import inspected
from nova_xen.planning import check_name

#: the block of MAC addresses that belongs to Xen (IEEE, Xensource Inc.)
XEN_OUI = "00:16:3e"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NicRequest:
    """An interface as asked for; ``mac`` None has one made."""

    bridge: str
    mac: str | None = None
    model: str | None = None
    mtu: int | None = None
    script: str | None = None
    addresses: tuple[NicAddress, ...] = ()
    dns: tuple[Address, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateRequest:
    """A server as a person asks for it; paths are of this host.

    ``image`` is a path or a URL. ``image_format`` is raw, qcow2, vhd or iso; None takes
    what the header says. ``setup`` is what the guest is told, its files already read.
    """

    name: str
    image: str
    flavor: Flavor
    image_format: str | None = None
    image_checksum: Checksum | None = None
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)
    nics: tuple[NicRequest, ...] = ()
    kernel: str | None = None
    ramdisk: str | None = None
    vnc_password: str | None = dataclasses.field(default=None, repr=False)
    setup: GuestSetup = dataclasses.field(default_factory=GuestSetup)
    config_drive: bool = False


def build_instance(request: CreateRequest, image: Image | None = None) -> Instance:
    """The instance for a request.

    :param image: the image as it was fetched; None takes the file that is named
    :raises InvalidName: the name cannot be one of a server
    :raises ImageRejected: the image is not there or not what it says
    :raises FileMissing: no kernel or ramdisk at the path given
    """
    check_name(request.name)
    now = datetime.datetime.now(datetime.UTC)
    return Instance(
        name=request.name,
        uuid=str(uuid.uuid4()),
        image=image or _local_image(request),
        flavor=request.flavor,
        nics=tuple(map(make_nic, request.nics)),
        kernel=_boot_file(request, "kernel", request.kernel),
        ramdisk=_boot_file(request, "ramdisk", request.ramdisk),
        vnc_password=request.vnc_password,
        creation_time=now.strftime("%Y-%m-%d %H:%M:%S"),
        setup=request.setup,
        config_drive=request.config_drive,
    )


def _local_image(request: CreateRequest) -> Image:
    path = os.path.abspath(request.image)
    return inspected(request, path, path, ImageOptions())


def make_nic(request: NicRequest) -> Nic:
    """The interface, with an address of its own."""
    return Nic(
        bridge=request.bridge,
        mac=request.mac or random_mac(),
        model=request.model,
        mtu=request.mtu,
        script=request.script,
        addresses=request.addresses,
        dns=request.dns,
    )


def random_mac() -> str:
    """A MAC address out of Xen's own block."""
    return ":".join([XEN_OUI, *(f"{byte:02x}" for byte in secrets.token_bytes(3))])


def _boot_file(request: CreateRequest, what: str, path: str | None) -> str | None:
    if path is None:
        return None
    if not os.path.isfile(path):
        raise exceptions.FileMissing(
            server=request.name, what=f"its {what}", path=os.path.abspath(path)
        )
    return os.path.abspath(path)
