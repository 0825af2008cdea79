# SPDX-License-Identifier: Apache-2.0
"""What servers can have on a host: only what is true of it."""

import dataclasses
import re
from collections.abc import Collection
from typing import Any

import pytest

from golden.builders import MODES
from nova_xen.model import GuestMode, HostFacts, PlanOptions
from nova_xen.planning.traits import CPU_FEATURES, make_traits, supported_instances

OPTIONS = PlanOptions(instances_path="/srv")
HOST = HostFacts(
    hostname="xen1",
    arch="x86_64",
    xen_version=4_017_007,
    libvirt_version=9_000_000,
    modes=MODES,
    cpus=4,
    memory_mib=4095,
    free_memory_mib=2516,
)


def host(*modes: GuestMode) -> HostFacts:
    return dataclasses.replace(HOST, modes={mode: MODES[mode] for mode in modes})


def names(
    facts: HostFacts = HOST, features: Collection[str] = (), **options: Any
) -> list[str]:
    chosen = dataclasses.replace(OPTIONS, **options)
    return [each.name for each in make_traits(facts, chosen, features)]


ALWAYS = {
    "COMPUTE_NODE",
    "COMPUTE_ARCH_X86_64",
    "HW_ARCH_X86_64",
    "COMPUTE_IMAGE_TYPE_ISO",
    "COMPUTE_IMAGE_TYPE_QCOW2",
    "COMPUTE_IMAGE_TYPE_RAW",
    "COMPUTE_IMAGE_TYPE_VHD",
}
PARAVIRTUAL = {
    "COMPUTE_STORAGE_BUS_XEN",
    "COMPUTE_NET_VIF_MODEL_NETFRONT",
}
EMULATED = {
    "COMPUTE_STORAGE_BUS_IDE",
    "COMPUTE_STORAGE_BUS_SCSI",
    "COMPUTE_NET_VIF_MODEL_E1000",
    "COMPUTE_NET_VIF_MODEL_NE2K_PCI",
    "COMPUTE_NET_VIF_MODEL_PCNET",
    "COMPUTE_NET_VIF_MODEL_RTL8139",
}
SCREEN = {"COMPUTE_GRAPHICS_MODEL_XEN"}
CARDS = {"COMPUTE_GRAPHICS_MODEL_CIRRUS", "COMPUTE_GRAPHICS_MODEL_VGA"}


@pytest.mark.parametrize(
    ("modes", "vnc", "expected"),
    [
        ((), True, ALWAYS),
        ((GuestMode.PV,), False, ALWAYS | PARAVIRTUAL),
        ((GuestMode.PV,), True, ALWAYS | PARAVIRTUAL | SCREEN),
        ((GuestMode.PVH,), True, ALWAYS | PARAVIRTUAL | SCREEN),
        ((GuestMode.HVM,), False, ALWAYS | PARAVIRTUAL | EMULATED),
        (
            tuple(GuestMode),
            True,
            ALWAYS | PARAVIRTUAL | EMULATED | SCREEN | CARDS,
        ),
    ],
)
def test_traits_follow_the_modes(
    modes: tuple[GuestMode, ...], vnc: bool, expected: set[str]
) -> None:
    assert names(host(*modes), vnc_enabled=vnc) == sorted(expected)


def test_a_card_that_libvirt_does_not_list_is_none() -> None:
    hvm = dataclasses.replace(MODES[GuestMode.HVM], video_models=("vga",))
    facts = dataclasses.replace(HOST, modes={GuestMode.HVM: hvm})
    found = {name for name in names(facts) if "GRAPHICS" in name}
    assert found == {"COMPUTE_GRAPHICS_MODEL_VGA"}


@pytest.mark.parametrize(
    ("feature", "trait"),
    [
        ("avx2", "HW_CPU_X86_AVX2"),
        ("pni", "HW_CPU_X86_SSE3"),
        ("pclmuldq", "HW_CPU_X86_CLMUL"),
        ("sse4.1", "HW_CPU_X86_SSE41"),
        ("aes", "HW_CPU_X86_AESNI"),
        ("vmx", None),
        ("svm", None),
        ("mpx", None),
        ("no-such-feature", None),
    ],
)
def test_features_of_the_cpu(feature: str, trait: str | None) -> None:
    found = [name for name in names(features=[feature]) if "CPU" in name]
    assert found == ([trait] if trait else [])


def test_each_trait_has_a_name_that_placement_takes_and_a_reason() -> None:
    found = make_traits(HOST, OPTIONS, CPU_FEATURES)
    assert len({each.name for each in found}) == len(found) > 50
    assert all(re.fullmatch("[A-Z][A-Z0-9_]*", each.name) for each in found)
    assert all(each.why for each in found)


def test_each_trait_is_one_of_os_traits() -> None:
    os_traits = pytest.importorskip("os_traits")
    known = set(os_traits.get_traits())
    assert set(names(features=CPU_FEATURES)) - known == set()


@pytest.mark.parametrize(
    ("modes", "words"),
    [
        ((), []),
        ((GuestMode.PV,), ["xen"]),
        ((GuestMode.HVM,), ["hvm"]),
        (tuple(GuestMode), ["xen", "hvm"]),
        # Nova has no word for it; an image asks for it by hw_machine_type
        ((GuestMode.PVH,), []),
    ],
)
def test_instances(modes: tuple[GuestMode, ...], words: list[str]) -> None:
    expected = tuple(("x86_64", "xen", word) for word in words)
    assert supported_instances(host(*modes)) == expected
