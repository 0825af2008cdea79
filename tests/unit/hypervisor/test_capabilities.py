# SPDX-License-Identifier: Apache-2.0
"""Documents of a real Xen host, and of hosts that lack something."""

from __future__ import annotations

import pytest

from nova_xen.domain.tree import fromstring, tostring
from nova_xen.hypervisor.capabilities import (
    MACHINES,
    host_arch,
    mode_facts,
    offered_modes,
)
from nova_xen.model import GuestMode
from nova_xen.testing import FakeHost

# the fake answers with what a real host was recorded to answer
LIBVIRT = FakeHost().connect()
CAPABILITIES: str = LIBVIRT.getCapabilities()


def domcaps(mode: GuestMode) -> str:
    text: str = LIBVIRT.getDomainCapabilities(None, "x86_64", MACHINES[mode], "xen", 0)
    return text


@pytest.mark.parametrize(
    ("mode", "os_type", "machine", "features", "vcpus"),
    [
        (GuestMode.PV, "xen", "xenpv", (), 512),
        (GuestMode.HVM, "hvm", "xenfv", ("acpi", "apic", "hap"), 128),
        (GuestMode.PVH, "xenpvh", "xenpvh", ("hap",), 512),
    ],
)
def test_a_recorded_host(
    mode: GuestMode, os_type: str, machine: str, features: tuple[str, ...], vcpus: int
) -> None:
    offered = offered_modes(CAPABILITIES)
    assert set(offered) == set(GuestMode)
    facts = mode_facts(offered[mode], domcaps(mode))
    assert (facts.os_type, facts.machine) == (os_type, machine)
    assert facts.features == features
    assert facts.max_vcpus == vcpus
    assert facts.video_models == ("vga", "cirrus", "xen")
    assert facts.graphics == ("sdl", "vnc", "spice")


def test_the_architecture() -> None:
    assert host_arch(CAPABILITIES) == "x86_64"


def guest_block(os_type: str, arch: str, machine: str, features: str = "") -> str:
    return (
        f"<guest><os_type>{os_type}</os_type><arch name='{arch}'>"
        f"<machine>{machine}</machine><domain type='xen'/></arch>"
        f"<features>{features}</features></guest>"
    )


PV = guest_block("xen", "x86_64", "xenpv")
HVM = guest_block("hvm", "x86_64", "xenfv", "<acpi/>")
PVH = guest_block("xenpvh", "x86_64", "xenpvh", "<hap/>")
PVH_WITHOUT_HAP = guest_block("xenpvh", "x86_64", "xenpvh")
HVM_32 = guest_block("hvm", "i686", "xenfv")


@pytest.mark.parametrize(
    ("blocks", "modes"),
    [
        ((PV,), {GuestMode.PV}),
        ((PV, HVM_32), {GuestMode.PV}),
        ((PV, HVM), {GuestMode.PV, GuestMode.HVM}),
        ((PV, HVM, PVH_WITHOUT_HAP), {GuestMode.PV, GuestMode.HVM}),
        ((PV, HVM, PVH), {GuestMode.PV, GuestMode.HVM, GuestMode.PVH}),
        ((HVM.replace("'xen'", "'kvm'"),), set()),
        ((), set()),
    ],
)
def test_what_the_hardware_lacks_is_not_offered(
    blocks: tuple[str, ...], modes: set[GuestMode]
) -> None:
    text = f"<capabilities><host/>{''.join(blocks)}</capabilities>"
    assert set(offered_modes(text)) == modes


def test_a_device_that_is_not_supported_has_no_values() -> None:
    offered = offered_modes(CAPABILITIES)[GuestMode.PV]
    root = fromstring(domcaps(GuestMode.PV))
    graphics = root.find("devices/graphics")
    assert graphics is not None
    assert mode_facts(offered, tostring(root)).graphics != ()
    graphics.set("supported", "no")
    assert mode_facts(offered, tostring(root)).graphics == ()


@pytest.mark.parametrize("text", ["", "<capabilities/>", "<capabilities"])
def test_no_capabilities(text: str) -> None:
    with pytest.raises(ValueError, match=r"capabilities|XML"):
        host_arch(text)


def test_no_domain_capabilities() -> None:
    offered = offered_modes(CAPABILITIES)[GuestMode.PV]
    with pytest.raises(ValueError, match="vCPUs"):
        mode_facts(offered, "<domainCapabilities/>")
