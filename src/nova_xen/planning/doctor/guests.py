# SPDX-License-Identifier: Apache-2.0
"""The types of guest that this host can run, and what the others lack."""

from collections.abc import Iterator

from nova_xen.model import GuestMode
from nova_xen.model.doctor import Finding, GuestTypeFacts
from nova_xen.planning.doctor.words import advice, listed, ok, problem

#: Xen's words in virt_caps
_HVM, _HAP, _SHADOW = "hvm", "hap", "shadow"


def types(facts: GuestTypeFacts) -> Iterator[Finding]:
    """See hypervisor/capabilities: PVH needs hardware assisted paging besides."""
    if facts.modes is None:
        yield advice(
            "guest-types",
            "Which types of guest this host runs is not known, since libvirt does not "
            "answer.",
            "See to the check libvirt first.",
        )
        return
    if not facts.modes:
        yield problem(
            "guest-types",
            "libvirt offers no type of 64 bit Xen guest on this host.",
            "Install a Xen with PV guests, or switch on VT-x or AMD-V in the firmware.",
        )
        return
    offered = [mode.value.upper() for mode in GuestMode if mode in facts.modes]
    yield ok("guest-types", f"This host runs {listed(offered)} guests.")
    for mode in GuestMode:
        if mode not in facts.modes:
            why, fix = _lack(mode, facts)
            sentence = f"{mode.value.upper()} guests cannot run here: {why}."
            yield advice("guest-types", sentence, fix)


def _lack(mode: GuestMode, facts: GuestTypeFacts) -> tuple[str, str]:
    """Why a type is not offered, and what to do."""
    caps = facts.virt_caps
    told = "" if caps is None else f" (virt_caps of 'xl info': {' '.join(caps)})"
    if mode is GuestMode.PV:
        return (
            f"this Xen was built without them{told}",
            "Use images with vm_mode=hvm, or a Xen that was built with PV guests.",
        )
    if caps is None or _HVM not in caps:
        return (
            f"Xen has no hardware virtualisation{told}",
            "Switch on VT-x or AMD-V in the firmware of the host, or use images with "
            "vm_mode=xen.",
        )
    if mode is GuestMode.PVH and _HAP not in caps:
        return (
            f"Xen has no hardware assisted paging, hap{told}",
            "Switch on EPT or NPT in the firmware of the host and leave hap=0 off "
            "Xen's command line, or use images with vm_mode=xen.",
        )
    return (
        f"libvirt does not offer them, though Xen could{told}",
        "Restart libvirtd (systemctl restart libvirtd); guests go on meanwhile.",
    )


def live_pv(facts: GuestTypeFacts) -> Iterator[Finding]:
    """The pages that a PV guest changes are logged by shadow paging alone."""
    if facts.virt_caps is None or GuestMode.PV not in (facts.modes or ()):
        return
    if _SHADOW in facts.virt_caps:
        yield ok("pv-live", "PV guests can migrate live.")
        return
    yield advice(
        "pv-live",
        "PV guests cannot migrate live: this Xen was built without shadow paging "
        f"(virt_caps of 'xl info': {' '.join(facts.virt_caps)}).",
        "Migrate them with --stop-and-copy, or use a Xen with shadow paging.",
    )
