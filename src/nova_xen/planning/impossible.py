# SPDX-License-Identifier: Apache-2.0
"""What images and flavors can ask for and no libxl can give: refused, with the reason.

A property that promises security or hardware and is then silently left out would be a
lie; every other unknown property is none of our business.
"""

from nova_xen import exceptions
from nova_xen.planning.context import Asked

_TRUE = ("1", "t", "true", "on", "y", "yes")

#: image property -> why; refused whatever its value
PROPERTIES = {
    "hw_tpm_version": "libxl has no virtual TPM through libvirt",
    "hw_watchdog_action": "libvirt's libxl driver has no watchdog device",
    "hw_scsi_model": "libxl emulates no SCSI controller that can be chosen",
    "hw_rescue_bus": "libxl has no boot order by device, so rescue disks come first",
}

#: image property -> why; refused when true
SWITCHES = {
    "hw_mem_encryption": "Xen encrypts no guest memory",
    "hw_locked_memory": "Xen's memory is never swapped and cannot be locked further",
    "hw_virtio_packed_ring": "Xen's disks and cards are not virtio",
}

#: extra spec -> why; refused whatever its value
EXTRA_SPECS = {
    "hw:mem_page_size": "libxl chooses page sizes itself",
    "hw:numa_nodes": "guest NUMA is not supported by this driver",
    "hw:tpm_version": "libxl has no virtual TPM through libvirt",
    "hw:watchdog_action": "libvirt's libxl driver has no watchdog device",
}


def refuse_impossible(asked: Asked) -> None:
    """Refuse what cannot be had on Xen.

    :raises InvalidRequest: an image property
    :raises InvalidExtraSpec: an extra spec of the flavor
    """
    for name, why in PROPERTIES.items():
        if asked.image_property(name) is not None:
            raise _impossible(asked, name, why)
    for name, why in SWITCHES.items():
        if (asked.image_property(name) or "").lower() in _TRUE:
            raise _impossible(asked, name, why)
    _refuse_extra_specs(asked)


def _impossible(asked: Asked, name: str, why: str) -> exceptions.InvalidRequest:
    return exceptions.InvalidRequest(
        server=asked.instance.name,
        why=f"image property {name}={asked.image_property(name)} is not possible, "
        f"{why}; remove it from the image",
    )


def _refuse_extra_specs(asked: Asked) -> None:
    for name, given in asked.instance.flavor.extra_specs.items():
        why = EXTRA_SPECS.get(name)
        if name == "hw:cpu_policy" and given == "dedicated":
            why = "pin guests with the option cpu_shared_set instead"
        elif name.startswith("quota:disk_"):
            why = "libxl has no limits on disk traffic"
        if why:
            raise exceptions.InvalidExtraSpec(
                server=asked.instance.name, name=name, value=given, why=why
            )
