# SPDX-License-Identifier: Apache-2.0
"""Sizes: what the image needs against what the flavor gives."""

from typing import NoReturn

from nova_xen import exceptions
from nova_xen.model import GIB, DiskFormat, Flavor, Instance
from nova_xen.planning.context import Asked

#: qemu-img makes no larger dynamic VHD (measured with qemu-img 7.2)
VHD_LIMIT_GIB = 2040
#: below this no kernel of ours has come up; a typing error more likely than a wish
MEMORY_LEAST_MIB = 16


def root_size(asked: Asked, disk_format: DiskFormat) -> int:
    """Bytes of the root disk: the flavor's, or the image's own when it gives none.

    :raises FlavorTooSmall: the flavor's disk is smaller than the image
    :raises InvalidRequest: larger than the format can be
    """
    flavor, image = asked.instance.flavor, asked.instance.image
    need = max(image.virtual_size, image.min_disk * GIB)
    size = flavor.root_gib * GIB or need
    _check_root(asked, size, need)
    if disk_format is DiskFormat.VHD and size > VHD_LIMIT_GIB * GIB:
        raise exceptions.InvalidRequest(
            server=asked.instance.name,
            why=f"a vhd disk holds {VHD_LIMIT_GIB} GiB at most, use a smaller disk or "
            "set images_type=qcow2",
        )
    return size


def installation_size(asked: Asked) -> int:
    """Bytes of the empty disk that a system is installed on from an ISO.

    :raises FlavorTooSmall: the flavor's disk is smaller than the image's min_disk
    """
    size = asked.instance.flavor.root_gib * GIB
    _check_root(asked, size, asked.instance.image.min_disk * GIB)
    return size


def _check_root(asked: Asked, size: int, need: int) -> None:
    if size < need:
        _refuse(asked.instance.name, asked.instance.flavor, need)


def check_fits(name: str, flavor: Flavor, need: int) -> None:
    """Refuse an image before it is fetched, as soon as its size is known.

    :param need: bytes of the image's disk
    :raises FlavorTooSmall: the flavor's disk is smaller; one of 0 takes any image
    """
    if 0 < flavor.root_gib * GIB < need:
        _refuse(name, flavor, need)


def _refuse(name: str, flavor: Flavor, need: int) -> NoReturn:
    raise exceptions.FlavorTooSmall(
        server=name,
        need=_gib(need),
        what="disk",
        have=f"{flavor.root_gib} GiB",
        option=f"--disk {-(-need // GIB)}",
    )


def check_memory_minimum(asked: Asked) -> None:
    """Refuse less memory than the image's min_ram.

    :raises FlavorTooSmall: the flavor's memory is smaller
    """
    flavor, image = asked.instance.flavor, asked.instance.image
    if flavor.memory_mib < image.min_ram:
        raise exceptions.FlavorTooSmall(
            server=asked.instance.name,
            need=f"{image.min_ram} MiB",
            what="memory",
            have=f"{flavor.memory_mib} MiB",
            option=f"--ram {image.min_ram}",
        )


def check_flavor(instance: Instance) -> None:
    """Refuse sizes that are no sizes.

    :raises InvalidRequest: a vCPU count or size below its least
    """
    flavor = instance.flavor
    leasts = {
        "vcpus": (flavor.vcpus, 1),
        "ram": (flavor.memory_mib, MEMORY_LEAST_MIB),
        "disk": (flavor.root_gib, 0),
        "ephemeral": (flavor.ephemeral_gib, 0),
        "swap": (flavor.swap_mib, 0),
    }
    for option, (given, least) in leasts.items():
        if given < least:
            raise exceptions.InvalidRequest(
                server=instance.name,
                why=f"--{option} {given} is too small, the least is {least}",
            )


def _gib(size: int) -> str:
    """Rounded up, so that what is needed never reads like what there is."""
    hundredths = -(-size * 100 // GIB)
    return f"{hundredths / 100:g} GiB"
