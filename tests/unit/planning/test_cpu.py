# SPDX-License-Identifier: Apache-2.0
"""vCPUs, weight and cap."""

import pytest

from golden.builders import BY_MODE, flavor, host, options, plan
from nova_xen import exceptions
from nova_xen.model import GuestMode
from nova_xen.planning.cpu import cap_percent


@pytest.mark.parametrize(
    ("mode", "vcpus", "granted"),
    [
        (GuestMode.PV, 1, True),
        (GuestMode.PV, 512, True),
        (GuestMode.PV, 513, False),
        (GuestMode.HVM, 128, True),
        (GuestMode.HVM, 129, False),
        (GuestMode.PVH, 128, True),
        (GuestMode.PVH, 129, False),
    ],
)
def test_vcpus(mode: GuestMode, vcpus: int, *, granted: bool) -> None:
    """libvirt says 512 for PVH, but Xen ends at HVM's 128."""
    if granted:
        assert plan(BY_MODE[mode], flavor=flavor(vcpus=vcpus)).domain.vcpus == vcpus
        return
    with pytest.raises(exceptions.TooManyVcpus) as refused:
        plan(BY_MODE[mode], flavor=flavor(vcpus=vcpus))
    assert str(refused.value) == (
        f"Server web1 asks for {vcpus} vCPUs and a {mode} guest can have {vcpus - 1} "
        "on this host; ask for fewer."
    )


#: quota of each vCPU, period, vCPUs -> percent of one CPU for the whole guest
CAPS = [
    (None, None, 1, None),
    ("-1", None, 1, None),
    ("50000", None, 1, 50),
    ("50000", None, 4, 200),
    ("50000", "100000", 2, 100),
    ("10000", "20000", 2, 100),
    ("25000", "100000", 1, 25),
    ("33333", "100000", 1, 33),
    ("33333", "100000", 3, 99),
    ("99999", "100000", 1, 99),
    ("1000", "100000", 1, 1),
    ("100000", "100000", 1, None),
    ("100000", "100000", 8, None),
    ("200000", "100000", 2, None),
]


@pytest.mark.parametrize(("quota", "period", "vcpus", "cap"), CAPS)
def test_cap(
    quota: str | None, period: str | None, vcpus: int, cap: int | None
) -> None:
    given = {"quota:cpu_quota": quota, "quota:cpu_period": period}
    specs = {name: value for name, value in given.items() if value is not None}
    assert cap_percent(specs, vcpus) == cap
    assert plan(flavor=flavor(specs, vcpus=vcpus)).cap == cap


@pytest.mark.parametrize(("weight", "written"), [("1", 1), ("65535", 65535)])
def test_weight(weight: str, written: int) -> None:
    asked = flavor({"quota:cpu_shares": weight})
    assert plan(flavor=asked).domain.shares == written


def test_without_a_wish_xen_chooses_the_weight() -> None:
    assert plan().domain.shares is None


WRONG = [
    ("quota:cpu_shares", "0", "the credit scheduler's weight goes from 1 to 65535"),
    ("quota:cpu_shares", "65536", "the credit scheduler's weight goes from 1 to 65535"),
    ("quota:cpu_shares", "much", "it must be a whole number"),
    ("quota:cpu_shares", "", "it must be a whole number"),
    ("quota:cpu_quota", "half", "it must be a whole number"),
    ("quota:cpu_quota", "0", "it comes to less than 1% of a CPU, which Xen would take"),
    ("quota:cpu_quota", "999", "it comes to less than 1% of a CPU, which Xen would"),
    ("quota:cpu_period", "0", "it must be above zero"),
    ("quota:cpu_period", "-5", "it must be above zero"),
]


@pytest.mark.parametrize(("name", "value", "why"), WRONG)
def test_quotas_that_cannot_be(name: str, value: str, why: str) -> None:
    with pytest.raises(exceptions.InvalidExtraSpec) as refused:
        plan(flavor=flavor({name: value}, vcpus=1))
    assert str(refused.value).startswith(
        f"Server web1: extra spec {name}={value} is not possible: {why}"
    )


@pytest.mark.parametrize(
    ("scheduler", "granted"),
    [("credit", True), ("credit2", True), ("null", False), ("rtds", False)],
)
def test_a_cap_needs_a_credit_scheduler(scheduler: str, *, granted: bool) -> None:
    asked = flavor({"quota:cpu_quota": "50000"}, vcpus=1)
    if granted:
        assert plan(flavor=asked, on=host(scheduler=scheduler)).cap == 50
        return
    with pytest.raises(exceptions.InvalidExtraSpec, match=f"scheduler is {scheduler}"):
        plan(flavor=asked, on=host(scheduler=scheduler))


@pytest.mark.parametrize(
    ("cpuset", "pins"),
    [(None, []), ("2-7,^4", [(0, "2-7,^4"), (1, "2-7,^4"), (2, "2-7,^4")])],
)
def test_every_vcpu_is_pinned_where_the_operator_says(
    cpuset: str | None, pins: list[tuple[int, str]]
) -> None:
    domain = plan(flavor=flavor(vcpus=3), by=options(cpuset=cpuset)).domain
    assert [(pin.vcpu, pin.cpuset) for pin in domain.vcpupins] == pins
