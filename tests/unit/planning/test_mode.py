# SPDX-License-Identifier: Apache-2.0
"""Which guest mode: every word of the image against every host."""

import itertools

import pytest

from golden.builders import host, host_with, iso, plan
from nova_xen import exceptions
from nova_xen.model import GuestMode

PV, HVM, PVH = GuestMode.PV, GuestMode.HVM, GuestMode.PVH
ALL = (PV, HVM, PVH)
CONTRADICTION = "contradiction"

#: (vm_mode and hw_vm_mode say, hw_machine_type says) -> the mode
TABLE = {
    (None, None): PV,
    (None, "xenpv"): PV,
    (None, "xenfv"): HVM,
    (None, "xenpvh"): PVH,
    (PV, None): PV,
    (PV, "xenpv"): PV,
    (PV, "xenfv"): CONTRADICTION,
    (PV, "xenpvh"): PVH,
    (HVM, None): HVM,
    (HVM, "xenpv"): CONTRADICTION,
    (HVM, "xenfv"): HVM,
    (HVM, "xenpvh"): PVH,
    (CONTRADICTION, None): CONTRADICTION,
    (CONTRADICTION, "xenpv"): CONTRADICTION,
    (CONTRADICTION, "xenfv"): CONTRADICTION,
    (CONTRADICTION, "xenpvh"): CONTRADICTION,
}
MEANING = {None: None, "xen": PV, "pv": PV, "hvm": HVM, "hv": HVM, "HVM": HVM}
MACHINES = (None, "xenpv", "xenfv", "xenpvh")
HOSTS = [
    offered for count in range(4) for offered in itertools.combinations(ALL, count)
]
#: a host changes only whether it is granted, so the words are tried on one host
WORDS = list(itertools.product(MEANING, MEANING, MACHINES))


def properties(
    vm_mode: str | None, hw_vm_mode: str | None, machine: str | None
) -> dict[str, str]:
    given = {
        "vm_mode": vm_mode,
        "hw_vm_mode": hw_vm_mode,
        "hw_machine_type": machine,
    }
    return {name: value for name, value in given.items() if value is not None}


def wanted(
    vm_mode: str | None, hw_vm_mode: str | None, machine: str | None
) -> GuestMode | str:
    named = {MEANING[vm_mode], MEANING[hw_vm_mode]} - {None}
    said = CONTRADICTION if len(named) > 1 else next(iter(named), None)
    return TABLE[said, machine]


@pytest.mark.parametrize(("vm_mode", "hw_vm_mode", "machine"), WORDS)
def test_words(
    vm_mode: str | None, hw_vm_mode: str | None, machine: str | None
) -> None:
    expected = wanted(vm_mode, hw_vm_mode, machine)
    asked = properties(vm_mode, hw_vm_mode, machine)
    if expected == CONTRADICTION:
        with pytest.raises(
            exceptions.InvalidRequest, match=r"contradict each other, remove one"
        ):
            plan(asked)
    else:
        assert plan(asked).mode is expected


@pytest.mark.parametrize("offered", HOSTS, ids=lambda modes: "-".join(modes) or "none")
@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        ({}, PV),
        ({"vm_mode": "xen"}, PV),
        ({"hw_vm_mode": "hvm"}, HVM),
        ({"hw_machine_type": "xenpvh"}, PVH),
        ({"vm_mode": "hvm", "hw_machine_type": "xenpvh"}, PVH),
    ],
)
def test_host_must_offer_the_mode(
    asked: dict[str, str], mode: GuestMode, offered: tuple[GuestMode, ...]
) -> None:
    if mode in offered:
        assert plan(asked, on=host_with(*offered)).mode is mode
        return
    with pytest.raises(exceptions.ModeNotOffered) as refused:
        plan(asked, on=host_with(*offered))
    sentence = str(refused.value)
    assert f"guest type {mode}" in sentence
    assert (", ".join(sorted(offered)) or "none") + " only; " in sentence


@pytest.mark.parametrize(
    ("mode", "advice"),
    [
        ("xen", "this Xen was built without PV guests, use an image with vm_mode=hvm."),
        (
            "hvm",
            "on in the firmware; otherwise use an image with vm_mode=xen.",
        ),
    ],
)
def test_a_mode_not_offered_comes_with_advice(mode: str, advice: str) -> None:
    with pytest.raises(exceptions.ModeNotOffered) as refused:
        plan({"vm_mode": mode}, on=host(modes={}))
    assert str(refused.value).endswith(advice)


@pytest.mark.parametrize(
    ("name", "value", "choices"),
    [
        ("vm_mode", "pvh", "xen, pv, hvm, hv"),
        ("vm_mode", "uml", "xen, pv, hvm, hv"),
        ("hw_vm_mode", "kvm", "xen, pv, hvm, hv"),
        ("hw_machine_type", "q35", "xenpv, xenfv, xenpvh"),
        ("hypervisor_type", "kvm", "xen, xapi"),
        ("img_hv_type", "qemu", "xen, xapi"),
        ("architecture", "aarch64", "x86_64, amd64"),
        ("hw_architecture", "ppc64", "x86_64, amd64"),
    ],
)
def test_unknown_words_are_refused_with_the_known_ones(
    name: str, value: str, choices: str
) -> None:
    with pytest.raises(exceptions.InvalidProperty) as refused:
        plan({name: value})
    assert str(refused.value) == (
        f"Server web1: image property {name}={value} is not understood; it must be "
        f"one of: {choices}."
    )


@pytest.mark.parametrize(
    ("asked", "choice", "why"),
    [
        ({}, "pv", "no image property names a mode, and PV is Xen's default"),
        ({"vm_mode": ""}, "pv", "no image property names a mode, and PV is Xen's"),
        ({"vm_mode": "hvm"}, "hvm", "image property vm_mode=hvm"),
        ({"hw_vm_mode": "HV"}, "hvm", "image property hw_vm_mode=HV"),
        ({"hw_machine_type": "xenpvh"}, "pvh", "image property hw_machine_type=xenpvh"),
    ],
)
def test_reason(asked: dict[str, str], choice: str, why: str) -> None:
    reason = plan(asked).reasons[0]
    assert (reason.element, reason.choice) == ("os/type", choice)
    assert reason.why.startswith(why)


@pytest.mark.parametrize(
    ("vm_mode", "warns"), [("xen", True), ("hvm", False)], ids=["pv", "hvm"]
)
def test_windows_and_discs_rarely_boot_as_pv(vm_mode: str, *, warns: bool) -> None:
    windows = plan({"vm_mode": vm_mode, "os_type": "windows"}).warnings
    disc = plan(image=iso({"vm_mode": vm_mode})).warnings
    assert any("Windows does not run as a pv guest" in why for why in windows) is warns
    assert any("the image is an ISO, and a pv guest" in why for why in disc) is warns


@pytest.mark.parametrize(
    ("mode", "os_type", "machine"),
    [
        ({"vm_mode": "xen"}, "xen", "xenpv"),
        ({"vm_mode": "hvm"}, "hvm", "xenfv"),
        ({"hw_machine_type": "xenpvh"}, "xenpvh", "xenpvh"),
    ],
)
def test_document_names_type_and_machine(
    mode: dict[str, str], os_type: str, machine: str
) -> None:
    os = plan(mode).domain.os
    assert (os.type, os.machine, os.arch) == (os_type, machine, "x86_64")
