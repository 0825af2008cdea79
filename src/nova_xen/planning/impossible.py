# SPDX-License-Identifier: Apache-2.0
"""What images and flavors can ask for and no libxl can give: refused, with the reason.

A property that promises security, hardware or a limit and is then silently left out
would be a lie; every other unknown property is none of our business. Each is looked for
under both of Nova's names, the image's (hw_tpm_version) and the flavor's
(hw:tpm_version).
"""

import dataclasses
from collections.abc import Mapping

from nova_xen import exceptions
from nova_xen.planning.context import Asked

_FALSE = ("0", "f", "false", "off", "n", "no")


@dataclasses.dataclass(frozen=True)
class Impossible:
    """Why it cannot be had, and the values that ask for nothing."""

    why: str
    harmless: tuple[str, ...] = ()


_NUMA = Impossible("guest NUMA is not supported by this driver", ("1",))
_PAGES = Impossible("Xen chooses page sizes itself", ("any", "small"))
_SCSI = Impossible("libxl emulates no SCSI controller that can be chosen")
_TPM = Impossible("libxl has no virtual TPM through libvirt")
_WATCHDOG = Impossible("libvirt's libxl driver has no watchdog", ("disabled",))
_ENCRYPTION = Impossible("Xen encrypts no guest memory", _FALSE)
_DISK_ENCRYPTION = Impossible("this driver encrypts no disks", _FALSE)
_DEDICATED = Impossible(
    "this driver gives no guest CPUs of its own (the option cpu_shared_set says which "
    "CPUs all guests share)",
    ("shared",),
)
_REALTIME = Impossible("Xen's credit scheduler has no real time", _FALSE)
_PCI = Impossible("this driver passes no PCI devices through")
_TRAFFIC = Impossible("Xen limits what a guest sends (vif_outbound_average) alone")
_DISK_TRAFFIC = Impossible("libxl has no limits on disk traffic")

#: by the flavor's name; the image's has _ for :
BOTH = {
    "hw:cpu_policy": _DEDICATED,
    "hw:cpu_realtime": _REALTIME,
    "hw:ephemeral_encryption": _DISK_ENCRYPTION,
    "hw:mem_encryption": _ENCRYPTION,
    "hw:mem_page_size": _PAGES,
    "hw:numa_nodes": _NUMA,
    "hw:tpm_model": _TPM,
    "hw:tpm_version": _TPM,
    "hw:watchdog_action": _WATCHDOG,
}
PROPERTIES: Mapping[str, Impossible] = {
    **{name.replace(":", "_"): impossible for name, impossible in BOTH.items()},
    "hw_rescue_bus": Impossible("libxl has no boot order by device"),
    "hw_scsi_model": _SCSI,
    "hw_virtio_packed_ring": Impossible("Xen's disks and cards are not virtio", _FALSE),
}
EXTRA_SPECS: Mapping[str, Impossible] = {
    **BOTH,
    "hw:cpu_dedicated_mask": _DEDICATED,
    "hw:pmem": Impossible("libxl has no persistent memory"),
    "os:secure_boot": Impossible(
        "Xen's UEFI firmware has no secure boot", ("disabled", "optional")
    ),
    "pci_passthrough:alias": _PCI,
    "resources:VGPU": _PCI,
}
EXTRA_SPEC_PREFIXES: Mapping[str, Impossible] = {
    "quota:disk_": _DISK_TRAFFIC,
    "quota:vif_inbound_": _TRAFFIC,
    "quota:vif_limit": _TRAFFIC,
    "quota:vif_outbound_burst": _TRAFFIC,
    "quota:vif_outbound_peak": _TRAFFIC,
    "quota:vif_reservation": _TRAFFIC,
    "quota:vif_shares_": _TRAFFIC,
}


def refuse_impossible(asked: Asked) -> None:
    """Refuse what cannot be had on Xen.

    :raises InvalidRequest: an image property
    :raises InvalidExtraSpec: an extra spec of the flavor
    """
    for name, impossible in PROPERTIES.items():
        given = asked.image_property(name)
        if given is not None and given.lower() not in impossible.harmless:
            raise exceptions.InvalidRequest(
                server=asked.instance.name,
                why=f"image property {name}={given} is not possible, "
                f"{impossible.why}; remove it from the image",
            )
    for name, given in asked.instance.flavor.extra_specs.items():
        found = _impossible_spec(name)
        if found is not None and given.lower() not in found.harmless:
            raise exceptions.InvalidExtraSpec(
                server=asked.instance.name,
                name=name,
                value=given,
                why=f"{found.why}; choose another flavor",
            )


def _impossible_spec(name: str) -> Impossible | None:
    for prefix, impossible in EXTRA_SPEC_PREFIXES.items():
        if name.startswith(prefix):
            return impossible
    return EXTRA_SPECS.get(name)
