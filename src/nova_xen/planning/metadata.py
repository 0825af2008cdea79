# SPDX-License-Identifier: Apache-2.0
"""What is written into the document so that everything can be read back from it."""

from nova_xen.domain import ExtraSpec, NovaFlavor, NovaImage, NovaInstance, Property
from nova_xen.model import Instance

PACKAGE = "nova-xen"


def nova_metadata(instance: Instance, version: str) -> NovaInstance:
    """Nova's ``<instance>`` for what was asked for."""
    flavor, image = instance.flavor, instance.image
    return NovaInstance(
        package=f"{PACKAGE} {version}",
        name=instance.name,
        creation_time=instance.creation_time,
        flavor=NovaFlavor(
            name=flavor.name,
            memory=flavor.memory_mib,
            disk=flavor.root_gib,
            swap=flavor.swap_mib,
            ephemeral=flavor.ephemeral_gib,
            vcpus=flavor.vcpus,
            extra_specs=tuple(
                ExtraSpec(name=name, value=value)
                for name, value in sorted(flavor.extra_specs.items())
            ),
        ),
        image=NovaImage(
            uuid=image.id,
            name=image.path.rpartition("/")[2] or None,
            disk_format="iso" if image.iso else image.disk_format.value,
            min_disk=image.min_disk,
            min_ram=image.min_ram,
            properties=tuple(
                Property(name=name, value=value)
                for name, value in sorted(image.properties.items())
            ),
        ),
    )
