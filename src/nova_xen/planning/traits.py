# SPDX-License-Identifier: Apache-2.0
"""What a host can do, by os-traits' names, and which guests it runs, by Nova's words.

Only what a server can really have is told: libvirt lists cards for PV guests that Xen
has not, and CPU features that Xen hides from guests.
"""

from collections.abc import Collection, Iterator, Mapping

from nova_xen.domain import DiskDevice
from nova_xen.model import (
    DiskFormat,
    GuestMode,
    HostFacts,
    NicModel,
    PlanOptions,
    Trait,
)
from nova_xen.planning.buses import BUSES
from nova_xen.planning.display import VRAM_MIB

#: libvirt's word for a CPU feature (cpu_map/x86_features.xml) and os-traits' for it.
#: Not in it: vmx and svm, for no guest here is given nested virtualization, and mpx,
#: which Xen gives to none by default (cpufeatureset.h, since 4.13).
CPU_FEATURES: Mapping[str, str] = {
    "3dnow": "3DNOW",
    "abm": "ABM",
    "aes": "AESNI",
    "avx": "AVX",
    "avx2": "AVX2",
    "avx512-vpopcntdq": "AVX512VPOPCNTDQ",
    "avx512bitalg": "AVX512BITALG",
    "avx512bw": "AVX512BW",
    "avx512cd": "AVX512CD",
    "avx512dq": "AVX512DQ",
    "avx512er": "AVX512ER",
    "avx512f": "AVX512F",
    "avx512ifma": "AVX512IFMA",
    "avx512pf": "AVX512PF",
    "avx512vbmi": "AVX512VBMI",
    "avx512vbmi2": "AVX512VBMI2",
    "avx512vl": "AVX512VL",
    "avx512vnni": "AVX512VNNI",
    "bmi1": "BMI",
    "bmi2": "BMI2",
    "f16c": "F16C",
    "fma": "FMA3",
    "fma4": "FMA4",
    "gfni": "AVX512GFNI",
    "mmx": "MMX",
    "pclmuldq": "CLMUL",
    "pni": "SSE3",
    "sha-ni": "SHA",
    "sse": "SSE",
    "sse2": "SSE2",
    "sse4.1": "SSE41",
    "sse4.2": "SSE42",
    "sse4a": "SSE4A",
    "ssse3": "SSSE3",
    "tbm": "TBM",
    "vaes": "AVX512VAES",
    "vpclmulqdq": "AVX512VPCLMULQDQ",
    "xop": "XOP",
}
#: Nova has no word for PVH: an image asks for it by hw_machine_type, in either mode
_VM_MODES = {GuestMode.PV: "xen", GuestMode.HVM: "hvm"}
_CARDS = {
    mode: tuple(NicModel) if mode is GuestMode.HVM else (NicModel.NETFRONT,)
    for mode in GuestMode
}


def supported_instances(host: HostFacts) -> tuple[tuple[str, str, str], ...]:
    """Architecture, hypervisor type and vm_mode, in words that Nova's fields take."""
    return tuple(
        (host.arch, "xen", word)
        for mode, word in _VM_MODES.items()
        if mode in host.modes
    )


def make_traits(
    host: HostFacts, options: PlanOptions, cpu_features: Collection[str]
) -> tuple[Trait, ...]:
    """Each trait once, by name, with its first reason.

    :param cpu_features: of the host's CPU, by libvirt's words
    """
    found: dict[str, Trait] = {}
    for each in _all(host, options, cpu_features):
        found.setdefault(each.name, each)
    return tuple(found[name] for name in sorted(found))


def _all(
    host: HostFacts, options: PlanOptions, cpu_features: Collection[str]
) -> Iterator[Trait]:
    yield Trait("COMPUTE_NODE", "servers run on this host")
    yield from _architecture(host)
    for mode in host.modes:
        yield from _devices(mode)
        if options.vnc_enabled:
            yield from _graphics(host, mode)
    yield from _images()
    for feature in CPU_FEATURES.keys() & cpu_features:
        name = f"HW_CPU_X86_{CPU_FEATURES[feature]}"
        yield Trait(name, f"the CPU has {feature}")


def _architecture(host: HostFacts) -> Iterator[Trait]:
    name = host.arch.upper()
    yield Trait(f"HW_ARCH_{name}", f"the host is {host.arch}")
    yield Trait(f"COMPUTE_ARCH_{name}", f"guests are {host.arch}")


def _devices(mode: GuestMode) -> Iterator[Trait]:
    for device in DiskDevice:
        for bus in BUSES[mode, device]:
            why = f"a {mode} guest has disks on this bus"
            yield Trait(f"COMPUTE_STORAGE_BUS_{bus.upper()}", why)
    for card in _CARDS[mode]:
        why = f"a {mode} guest has this network card"
        yield Trait(f"COMPUTE_NET_VIF_MODEL_{card.upper()}", why)


def _graphics(host: HostFacts, mode: GuestMode) -> Iterator[Trait]:
    listed = host.modes[mode].video_models
    # whatever libvirt lists, PV and PVH guests have Xen's framebuffer alone
    possible = tuple(VRAM_MIB) if mode is GuestMode.HVM else ("xen",)
    for model in possible:
        if model in listed:
            why = f"a {mode} guest has this graphics card"
            yield Trait(f"COMPUTE_GRAPHICS_MODEL_{model.upper()}", why)


def _images() -> Iterator[Trait]:
    for image_format in (*DiskFormat, "iso"):
        why = "images of this format are taken"
        if image_format == DiskFormat.VHD:
            why += ", and converted where QEMU does not serve it"
        yield Trait(f"COMPUTE_IMAGE_TYPE_{image_format.upper()}", why)
