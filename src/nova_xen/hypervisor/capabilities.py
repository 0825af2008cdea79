# SPDX-License-Identifier: Apache-2.0
"""libvirt's two capability documents as facts of each guest mode; no I/O.

``getCapabilities`` says which kinds of guest Xen runs, ``getDomainCapabilities`` what
each may have. The largest number of vCPUs stands in the latter alone (on libxl
``getMaxVcpus`` answers with the host's processors).
"""

import dataclasses

from nova_xen.domain.tree import Node, fromstring, tostring
from nova_xen.model import GuestMode, ModeFacts

ARCH = "x86_64"

MACHINES = {
    GuestMode.PV: "xenpv",
    GuestMode.HVM: "xenfv",
    GuestMode.PVH: "xenpvh",
}


@dataclasses.dataclass(frozen=True)
class OfferedMode:
    """A kind of guest that the host's capabilities list."""

    os_type: str
    machine: str
    features: tuple[str, ...]


def host_arch(capabilities: str) -> str:
    """The architecture of the host.

    :raises ValueError: no capabilities document
    """
    arch = fromstring(capabilities).findtext("host/cpu/arch")
    if not arch:
        raise ValueError("the capabilities name no architecture of the host")
    return arch


def host_cpu(capabilities: str) -> str:
    """The element ``<cpu>`` of the host, for libvirt to say what its model means.

    :raises ValueError: no capabilities document
    """
    node = fromstring(capabilities).find("host/cpu")
    if node is None:
        raise ValueError("the capabilities have no CPU of the host")
    return tostring(node)


def cpu_features(cpu: str) -> frozenset[str]:
    """The features that a ``<cpu>`` lists, by libvirt's words; its model's are not.

    :raises ValueError: no such document
    """
    features = fromstring(cpu).findall("feature")
    return frozenset(
        name
        for each in features
        if (name := each.get("name")) and each.get("policy") != "disable"
    )


def offered_modes(capabilities: str) -> dict[GuestMode, OfferedMode]:
    """The guest modes of this host, 64 bit ones.

    libvirt lists HVM and PVH where the processor has hardware virtualisation, and
    PVH needs hardware assisted paging (hap) besides.

    :raises ValueError: no capabilities document
    """
    found: dict[GuestMode, OfferedMode] = {}
    for node in fromstring(capabilities).findall("guest"):
        arch = node.find(f"arch[@name='{ARCH}']")
        if arch is None or arch.find("domain[@type='xen']") is None:
            continue
        offered = _offered(node, arch)
        for mode, machine in MACHINES.items():
            if offered.machine == machine and _possible(mode, offered):
                found[mode] = offered
    return found


def _offered(node: Node, arch: Node) -> OfferedMode:
    features = tuple(str(each.tag) for each in node.findall("features/*"))
    return OfferedMode(
        node.findtext("os_type") or "", arch.findtext("machine") or "", features
    )


def _possible(mode: GuestMode, offered: OfferedMode) -> bool:
    return mode is not GuestMode.PVH or "hap" in offered.features


def mode_facts(offered: OfferedMode, domain_capabilities: str) -> ModeFacts:
    """What guests of one mode may have; words this package has no use for are left out.

    :raises ValueError: no domain capabilities document
    """
    root = fromstring(domain_capabilities)
    vcpu = root.find("vcpu")
    if vcpu is None:
        raise ValueError("the domain capabilities give no number of vCPUs")
    return ModeFacts(
        os_type=offered.os_type,
        machine=offered.machine,
        max_vcpus=int(vcpu.get("max", "")),
        video_models=_values(root, "video", "modelType"),
        graphics=_values(root, "graphics", "type"),
        features=offered.features,
    )


def _values(root: Node, device: str, name: str) -> tuple[str, ...]:
    node = root.find(f"devices/{device}[@supported='yes']")
    if node is None:
        return ()
    return tuple(
        each.text or "" for each in node.findall(f"enum[@name='{name}']/value")
    )
