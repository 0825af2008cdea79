# SPDX-License-Identifier: Apache-2.0
"""Memory: how much the guest gets, and whether Xen has it."""

from nova_xen import exceptions
from nova_xen.model import GuestMode, HostFacts, Reason
from nova_xen.planning.context import Context, reason

#: what libxl adds for a guest beside its memory, KiB (Xen 4.17, libxl_internal.h)
_EXTRA_KIB = {GuestMode.PV: 1024, GuestMode.HVM: 2048, GuestMode.PVH: 2048}
#: libxl rounds the sum up to whole superpages (Xen 4.17, libxl_mem.c)
_STEP_MIB = 2
#: what libxl leaves Domain-0 when it takes memory from it (LIBXL_MIN_DOM0_MEM)
DOM0_LEAST_MIB = 128


def decide_memory(context: Context) -> tuple[int, tuple[Reason, ...]]:
    """The guest's memory in KiB; its maximum is the same.

    A maximum above the memory would need a balloon driver before the guest touches
    it; a guest without one crashes, so both are equal.

    :raises FlavorTooSmall: see there
    :raises NotEnoughMemory: Xen has too little and may take none from Domain-0
    """
    mib = context.instance.flavor.memory_mib
    need = needed_mib(context.mode, mib, context.instance.flavor.vcpus)
    if not fits(context.host, need):
        raise exceptions.NotEnoughMemory(
            server=context.instance.name,
            need_mib=need,
            free_mib=context.host.free_memory_mib,
        )
    why = f"the flavor's memory; with Xen's own share {need} MiB"
    return mib * 1024, (reason("memory", f"{mib} MiB", why),)


def needed_mib(mode: GuestMode, memory_mib: int, vcpus: int) -> int:
    """Memory that Xen must have free for a guest, in MiB.

    libvirt asks libxl for shadow memory (256 pages a vCPU and 2 a MiB) whatever the
    mode, and libxl adds a slack (libxl_get_required_shadow_memory,
    libxl_domain_need_memory).
    """
    shadow_kib = 4 * (256 * vcpus + 2 * memory_mib)
    total_kib = memory_mib * 1024 + shadow_kib + _EXTRA_KIB[mode]
    return -(-total_kib // (_STEP_MIB * 1024)) * _STEP_MIB


def fits(host: HostFacts, need_mib: int) -> bool:
    """Whether ``need_mib`` can be had: free, or given by Domain-0's balloon."""
    if host.autoballoon:
        return need_mib <= host.memory_mib - DOM0_LEAST_MIB
    return need_mib <= host.free_memory_mib
