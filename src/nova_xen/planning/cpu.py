# SPDX-License-Identifier: Apache-2.0
"""vCPUs, their places, and the credit scheduler's weight and cap."""

import dataclasses
from collections.abc import Mapping

from nova_xen import exceptions
from nova_xen.domain import VcpuPin
from nova_xen.model import GuestMode, Reason
from nova_xen.planning.context import Context, reason

#: the credit scheduler's own range (xl(1), sched-credit2)
WEIGHT_RANGE = range(1, 65536)
#: HVM_MAX_VCPUS of Xen, which counts for PVH too, though libvirt says 512 there
HVM_VCPU_LIMIT = 128
DEFAULT_PERIOD_US = 100_000


@dataclasses.dataclass(frozen=True)
class Cpu:
    """``shares`` is the weight; ``cap`` percent of one CPU, None without limit."""

    vcpus: int
    pins: tuple[VcpuPin, ...]
    shares: int | None
    cap: int | None
    reasons: tuple[Reason, ...]


def decide_cpu(context: Context) -> Cpu:
    """vCPUs from the flavor, weight and cap from its quota:cpu_* extra specs.

    :raises TooManyVcpus: more than the mode can have on this host
    :raises InvalidExtraSpec: a quota that the scheduler cannot have
    """
    vcpus = context.instance.flavor.vcpus
    limit = _vcpu_limit(context)
    if vcpus > limit:
        raise exceptions.TooManyVcpus(
            server=context.instance.name,
            vcpus=vcpus,
            mode=context.mode.value,
            limit=limit,
        )
    reasons = [reason("vcpu", vcpus, "the flavor's vCPUs")]
    cpuset = context.options.cpuset
    pins: tuple[VcpuPin, ...] = ()
    if cpuset:
        pins = tuple(VcpuPin(vcpu=vcpu, cpuset=cpuset) for vcpu in range(vcpus))
        why = "the option cpu_shared_set, for every vCPU"
        reasons.append(reason("cputune/vcpupin", cpuset, why))
    shares = _weight(context)
    if shares is not None:
        why = "extra spec quota:cpu_shares is the credit scheduler's weight"
        reasons.append(reason("cputune/shares", shares, why))
    cap = _cap(context)
    if cap is not None:
        why = "extra specs quota:cpu_quota and quota:cpu_period, for all vCPUs together"
        reasons.append(reason("scheduler/cap", f"{cap}%", why))
    return Cpu(vcpus, pins, shares, cap, tuple(reasons))


def _vcpu_limit(context: Context) -> int:
    limit = context.host.modes[context.mode].max_vcpus
    return limit if context.mode is GuestMode.PV else min(limit, HVM_VCPU_LIMIT)


def _integer(context: Context, name: str) -> int | None:
    given = context.instance.flavor.extra_specs.get(name)
    if given is None:
        return None
    try:
        return int(given)
    except ValueError:
        raise _bad(context, name, given, "it must be a whole number") from None


def _bad(
    context: Context, name: str, given: object, why: str
) -> exceptions.InvalidExtraSpec:
    return exceptions.InvalidExtraSpec(
        server=context.instance.name, name=name, value=given, why=why
    )


def _weight(context: Context) -> int | None:
    weight = _integer(context, "quota:cpu_shares")
    if weight is not None and weight not in WEIGHT_RANGE:
        why = "the credit scheduler's weight goes from 1 to 65535"
        raise _bad(context, "quota:cpu_shares", weight, why)
    return weight


def _cap(context: Context) -> int | None:
    quota = _integer(context, "quota:cpu_quota")
    period = _integer(context, "quota:cpu_period")
    if period is not None and period <= 0:
        raise _bad(context, "quota:cpu_period", period, "it must be above zero")
    if quota is None or quota < 0:
        return None
    flavor = context.instance.flavor
    cap = cap_percent(flavor.extra_specs, flavor.vcpus)
    if cap == 0:
        why = "it comes to less than 1% of a CPU, which Xen would take as no limit"
        raise _bad(context, "quota:cpu_quota", quota, why)
    if cap is not None and not context.host.scheduler.startswith("credit"):
        why = f"this host's scheduler is {context.host.scheduler}, which has no cap"
        raise _bad(context, "quota:cpu_quota", quota, why)
    return cap


def cap_percent(extra_specs: Mapping[str, str], vcpus: int) -> int | None:
    """Xen's cap, in percent of one CPU for the whole guest; None without limit.

    Nova's quota is microseconds in each period for each vCPU (libvirt's cputune).
    """
    quota = int(extra_specs.get("quota:cpu_quota", -1))
    period = int(extra_specs.get("quota:cpu_period", DEFAULT_PERIOD_US))
    full = 100 * vcpus
    if quota < 0 or quota >= period:
        return None
    return full * quota // period
