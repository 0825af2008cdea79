# SPDX-License-Identifier: Apache-2.0
"""Promises that cannot be kept are refused, and wishes for nothing are not."""

import pytest

from golden.builders import BY_MODE, flavor, plan
from nova_xen import exceptions
from nova_xen.domain import Clock, Features
from nova_xen.model import GuestMode
from nova_xen.planning.impossible import EXTRA_SPECS, PROPERTIES

#: name -> a value that asks for something
ASKING = {
    "hw_cpu_policy": "dedicated",
    "hw_cpu_realtime": "yes",
    "hw_ephemeral_encryption": "true",
    "hw_mem_encryption": "True",
    "hw_mem_page_size": "large",
    "hw_numa_nodes": "2",
    "hw_rescue_bus": "usb",
    "hw_scsi_model": "virtio-scsi",
    "hw_tpm_model": "tpm-crb",
    "hw_tpm_version": "2.0",
    "hw_virtio_packed_ring": "on",
    "hw_watchdog_action": "reset",
}
HARMLESS = [
    ("hw_cpu_policy", "shared"),
    ("hw_cpu_realtime", "no"),
    ("hw_mem_encryption", "false"),
    ("hw_mem_page_size", "any"),
    ("hw_mem_page_size", "small"),
    ("hw_numa_nodes", "1"),
    ("hw_virtio_packed_ring", "0"),
    ("hw_watchdog_action", "disabled"),
    ("hw_locked_memory", "true"),
    ("hw_qemu_guest_agent", "yes"),
    ("os_distro", "debian"),
]
SPECS_ASKING = {
    **{
        name.replace("_", ":", 1): value
        for name, value in ASKING.items()
        if name.replace("_", ":", 1) in EXTRA_SPECS
    },
    "hw:cpu_dedicated_mask": "0-1",
    "hw:pmem": "big",
    "os:secure_boot": "required",
    "pci_passthrough:alias": "gpu:1",
    "resources:VGPU": "1",
}
LIMITS = {
    "quota:disk_read_iops_sec": "no limits on disk traffic",
    "quota:vif_inbound_average": "limits what a guest sends",
    "quota:vif_outbound_peak": "limits what a guest sends",
    "quota:vif_outbound_burst": "limits what a guest sends",
    "quota:vif_limit": "limits what a guest sends",
    "quota:vif_reservation": "limits what a guest sends",
    "quota:vif_shares_level": "limits what a guest sends",
}


def test_every_impossible_wish_is_tried() -> None:
    assert set(ASKING) == set(PROPERTIES)
    assert set(SPECS_ASKING) == set(EXTRA_SPECS)


@pytest.mark.parametrize(("name", "value"), ASKING.items())
def test_image_properties(name: str, value: str) -> None:
    with pytest.raises(exceptions.InvalidRequest) as refused:
        plan({name: value})
    assert str(refused.value) == (
        f"Server web1 cannot be made as asked: image property {name}={value} is not "
        f"possible, {PROPERTIES[name].why}; remove it from the image."
    )


@pytest.mark.parametrize(("name", "value"), SPECS_ASKING.items())
def test_extra_specs(name: str, value: str) -> None:
    with pytest.raises(exceptions.InvalidExtraSpec) as refused:
        plan(flavor=flavor({name: value}))
    assert str(refused.value) == (
        f"Server web1: extra spec {name}={value} is not possible: "
        f"{EXTRA_SPECS[name].why}; choose another flavor."
    )


@pytest.mark.parametrize(("name", "why"), LIMITS.items())
def test_limits_that_would_not_hold(name: str, why: str) -> None:
    with pytest.raises(exceptions.InvalidExtraSpec, match=why):
        plan(flavor=flavor({name: "10"}))


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_wishes_for_nothing_are_granted(name: str, value: str) -> None:
    assert plan({name: value}).domain
    assert plan(flavor=flavor({name.replace("_", ":", 1): value})).domain


def test_an_empty_property_counts_as_absent() -> None:
    assert plan({"hw_tpm_version": ""}).domain


@pytest.mark.parametrize("mode", GuestMode)
def test_features(mode: GuestMode) -> None:
    expected = Features(pae=True, acpi=True, apic=True)
    features = plan(BY_MODE[mode]).domain.features
    assert features == (expected if mode is GuestMode.HVM else None)


@pytest.mark.parametrize(
    ("by_request", "by_image", "offset"),
    [
        (None, None, "utc"),
        ("linux", None, "utc"),
        ("windows", None, "localtime"),
        (None, "windows", "localtime"),
        (None, "Windows", "localtime"),
        ("linux", "windows", "utc"),
        ("windows", "linux", "localtime"),
    ],
)
def test_clock(by_request: str | None, by_image: str | None, offset: str) -> None:
    asked = {"vm_mode": "hvm", **({"os_type": by_image} if by_image else {})}
    assert plan(asked, os_type=by_request).domain.clock == Clock(offset=offset)


@pytest.mark.parametrize("mode", GuestMode)
def test_what_becomes_of_a_guest_that_ends(mode: GuestMode) -> None:
    domain = plan(BY_MODE[mode]).domain
    assert (domain.on_poweroff, domain.on_reboot, domain.on_crash) == (
        "destroy",
        "restart",
        "destroy",
    )
