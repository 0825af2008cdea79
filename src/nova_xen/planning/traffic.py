# SPDX-License-Identifier: Apache-2.0
"""How fast a guest may send on its network interfaces."""

from nova_xen import exceptions
from nova_xen.model import NicModel, Reason
from nova_xen.planning.context import Context, reason

OUTBOUND = "quota:vif_outbound_average"
#: the largest that libvirt and Xen's back end both hold in bytes
RATE_RANGE = range(1, 2**32 // 1024)


def outbound_average(context: Context, model: NicModel) -> int | None:
    """The rate in KiB/s that Xen's back end lets the guest send with; None without one.

    libvirt makes libxl's ``rate`` of ``<outbound average>``; inbound, peak and burst
    never reach libxl (seen in libxl's configuration, libvirt 9.0.0).

    :raises InvalidExtraSpec: no such rate, or a card that nothing limits
    """
    given = context.instance.flavor.extra_specs.get(OUTBOUND)
    if given is None:
        return None
    if not (given.isdecimal() and given.isascii() and int(given) in RATE_RANGE):
        why = f"it is a whole number of KiB/s from 1 to {RATE_RANGE[-1]}"
        raise _wrong(context, given, why)
    if model is not NicModel.NETFRONT:
        why = (
            f"Xen limits its own card alone and not the emulated {model}; use an image "
            "with hw_vif_model=netfront"
        )
        raise _wrong(context, given, why)
    return int(given)


def outbound_reason(where: str, rate: int) -> Reason:
    """Why an interface is limited."""
    why = f"extra spec {OUTBOUND}, in KiB/s"
    return reason(f"{where}/bandwidth/outbound", rate, why)


def _wrong(context: Context, given: str, why: str) -> exceptions.InvalidExtraSpec:
    return exceptions.InvalidExtraSpec(
        server=context.instance.name, name=OUTBOUND, value=given, why=why
    )
