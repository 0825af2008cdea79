# SPDX-License-Identifier: Apache-2.0
"""Nova's metadata of a domain, in Nova's own vocabulary (as Nova 34 writes it)."""

from nova_xen.domain.xml import Element, children, element, value
from nova_xen.domain.xml import child as child_

NOVA_NS = "http://openstack.org/xmlns/libvirt/nova/1.1"


@element("extraSpec", namespace=NOVA_NS, prefix="nova")
class ExtraSpec(Element):
    name: str = value("@name")
    value: str = value(".")


@element("property", namespace=NOVA_NS, prefix="nova")
class Property(Element):
    name: str = value("@name")
    value: str = value(".")


@element("flavor", namespace=NOVA_NS, prefix="nova")
class NovaFlavor(Element):
    """Memory in MiB, disk and ephemeral in GiB, swap in MiB."""

    name: str = value("@name")
    memory: int = value("memory")
    disk: int = value("disk")
    swap: int = value("swap")
    ephemeral: int = value("ephemeral")
    vcpus: int = value("vcpus")
    extra_specs: tuple[ExtraSpec, ...] = children("extraSpecs", default=())


@element("image", namespace=NOVA_NS, prefix="nova")
class NovaImage(Element):
    """The image as it was declared; ``min_disk`` in GiB, ``min_ram`` in MiB.

    ``name`` is this package's addition, for images that are files without a UUID.
    """

    uuid: str = value("@uuid")
    name: str | None = value("name", default=None)
    disk_format: str = value("diskFormat")
    min_disk: int = value("minDisk")
    min_ram: int = value("minRam")
    properties: tuple[Property, ...] = children("properties", default=())


@element("user", namespace=NOVA_NS, prefix="nova")
class NovaUser(Element):
    uuid: str = value("@uuid")
    name: str = value(".")


@element("project", namespace=NOVA_NS, prefix="nova")
class NovaProject(Element):
    uuid: str = value("@uuid")
    name: str = value(".")


@element("owner", namespace=NOVA_NS, prefix="nova")
class NovaOwner(Element):
    user: NovaUser = child_()
    project: NovaProject = child_()


@element("instance", namespace=NOVA_NS, prefix="nova")
class NovaInstance(Element):
    """Who made the domain, from what; ``creation_time`` is UTC, to the second."""

    package: str = value("package/@version")
    name: str = value("name")
    creation_time: str = value("creationTime")
    flavor: NovaFlavor = child_()
    image: NovaImage = child_()
    owner: NovaOwner | None = child_(default=None)
