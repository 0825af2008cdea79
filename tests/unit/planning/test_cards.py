# SPDX-License-Identifier: Apache-2.0
"""Interfaces for servers that exist already."""

import ipaddress
from typing import Any

import pytest

from golden.builders import BY_MODE, HOST, MAC, OPTIONS, flavor, nic, plan
from nova_xen import exceptions
from nova_xen.domain import Interface
from nova_xen.model import GuestMode, NicAddress, NicModel
from nova_xen.planning.cards import PlannedInterface, context_of, plan_interface

RATE = "quota:vif_outbound_average"


def planned(
    mode: GuestMode = GuestMode.PV,
    *,
    live: bool = True,
    owners: dict[str, str] | None = None,
    asked: dict[str, str] | None = None,
    specs: dict[str, str] | None = None,
    **changes: Any,
) -> PlannedInterface:
    server = plan({**BY_MODE[mode], **(asked or {})}, flavor=flavor(specs)).domain
    context = context_of(server, mode, HOST, OPTIONS)
    return plan_interface(context, nic(**changes), owners or {}, live=live)


def test_what_was_asked_for_the_server_is_read_back() -> None:
    made = plan(BY_MODE[GuestMode.HVM], flavor=flavor({RATE: "512"})).domain
    instance = context_of(made, GuestMode.HVM, HOST, OPTIONS).instance
    assert (instance.name, instance.uuid) == (made.name, made.uuid)
    assert instance.flavor.extra_specs == {RATE: "512"}
    assert instance.image.properties == BY_MODE[GuestMode.HVM]


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("by_nic", [None, *NicModel])
def test_cards(mode: GuestMode, live: bool, by_nic: NicModel | None) -> None:
    """libxl has none emulated anew in a guest that runs."""
    own = NicModel.NETFRONT
    hvm = mode is GuestMode.HVM
    if by_nic not in (None, own) and (live or not hvm):
        with pytest.raises(exceptions.InvalidNic, match="emulated"):
            planned(mode, live=live, model=by_nic)
        return
    made = planned(mode, live=live, model=by_nic)
    default = NicModel.E1000 if hvm and not live else own
    assert made.interface.model == (by_nic or default)
    assert bool(made.warnings) is (hvm and live and by_nic is None)


@pytest.mark.parametrize(
    ("given", "warned"), [("netfront", False), ("NETFRONT", False), ("e1000", True)]
)
def test_the_images_card_in_a_guest_that_runs(given: str, warned: bool) -> None:
    made = planned(GuestMode.HVM, asked={"hw_vif_model": given})
    assert made.interface.model == "netfront"
    assert bool(made.warnings) is warned


def test_it_is_made_as_with_the_server() -> None:
    made = planned(
        bridge="br-int",
        specs={RATE: "512"},
        interface_id="5a1e2d3c-0000-4000-8000-000000000001",
        script="vif-route",
    ).interface
    assert made == Interface(
        mac=MAC,
        bridge="br-int",
        virtualport_type="openvswitch",
        interface_id="5a1e2d3c-0000-4000-8000-000000000001",
        script="vif-route",
        model="netfront",
        outbound_average=512,
    )


def test_an_mtu_that_is_only_recorded_is_warned_of() -> None:
    (warning,) = planned(mtu=1400).warnings
    assert "set it inside the guest too" in warning


@pytest.mark.parametrize("mac", [MAC, MAC.upper()])
def test_an_address_that_another_server_has(mac: str) -> None:
    with pytest.raises(exceptions.InvalidNic, match="server db has the same MAC"):
        planned(owners={MAC: "db"}, mac=mac)
    assert planned(owners={"00:16:3e:00:00:00": "db"}, mac=mac).interface.mac == MAC


@pytest.mark.parametrize(
    "told",
    [
        {"addresses": (NicAddress(address=ipaddress.ip_interface("192.0.2.1/24")),)},
        {"dns": (ipaddress.ip_address("192.0.2.2"),)},
    ],
)
def test_a_guest_is_told_nothing_later(told: dict[str, Any]) -> None:
    with pytest.raises(exceptions.InvalidNic, match="leave ip, gateway and dns out"):
        planned(**told)


def test_no_such_bridge() -> None:
    with pytest.raises(exceptions.BridgeNotFound, match="no bridge nobr"):
        planned(bridge="nobr")
