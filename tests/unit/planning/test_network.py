# SPDX-License-Identifier: Apache-2.0
"""Interfaces: card, bridge, MTU, script, names."""

from typing import Any

import pytest

from golden.builders import BY_MODE, HVM, MAC, PV, UUID, flavor, nic, options, plan
from nova_xen import exceptions
from nova_xen.domain import Interface
from nova_xen.model import GuestMode, Nic, NicModel

RATE = "quota:vif_outbound_average"
OTHER = "00:16:3e:11:22:34"


def interface(asked: dict[str, str] | None = None, **changes: Any) -> Interface:
    (found,) = plan(asked, nics=(nic(**changes),)).domain.devices.interfaces
    return found


def refusal(asked: dict[str, str] | None = None, **changes: Any) -> str:
    with pytest.raises(exceptions.InvalidNic) as refused:
        plan(asked, nics=(nic(**changes),))
    prefix = "Server web1: its network interface "
    sentence = str(refused.value)
    assert sentence.startswith(prefix)
    return sentence.removeprefix(prefix)


@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("by_image", [None, *NicModel])
@pytest.mark.parametrize("by_nic", [None, *NicModel])
def test_card(
    mode: GuestMode, by_image: NicModel | None, by_nic: NicModel | None
) -> None:
    asked = {**BY_MODE[mode], **({"hw_vif_model": by_image} if by_image else {})}
    hvm = mode is GuestMode.HVM
    default = NicModel.E1000 if hvm else NicModel.NETFRONT
    expected = by_nic or by_image or default
    if hvm or expected is NicModel.NETFRONT:
        assert interface(asked, model=by_nic).model == expected
    else:
        assert refusal(asked, model=by_nic) == (
            f"{MAC} on br0 is wrong: a {mode} guest has no emulated cards, so "
            f"{expected} cannot be; use netfront."
        )


def test_unknown_cards() -> None:
    assert refusal(model="virtio").endswith(
        "model virtio is not known, use one of: netfront, e1000, rtl8139, ne2k_pci, "
        "pcnet."
    )
    with pytest.raises(exceptions.InvalidProperty, match="hw_vif_model=virtio is not"):
        plan({"hw_vif_model": "virtio"}, nics=(nic(),))


@pytest.mark.parametrize(
    ("mac", "why"),
    [
        ("00163e112233", "a MAC address has the form 00:16:3e:12:34:56"),
        ("00:16:3e:11:22", "a MAC address has the form 00:16:3e:12:34:56"),
        ("zz:16:3e:11:22:33", "a MAC address has the form 00:16:3e:12:34:56"),
        ("", "a MAC address has the form 00:16:3e:12:34:56"),
        ("01:16:3e:11:22:33", "its MAC address is a multicast one"),
        ("ff:ff:ff:ff:ff:ff", "its MAC address is a multicast one"),
    ],
)
def test_mac_addresses_that_are_none(mac: str, why: str) -> None:
    assert refusal(mac=mac) == f"{mac} on br0 is wrong: {why}."


def test_mac_addresses_are_written_small_and_differ() -> None:
    assert interface(mac="00:16:3E:AA:BB:CC").mac == "00:16:3e:aa:bb:cc"
    twins = (nic(mac="00:16:3e:aa:bb:cc"), nic(mac="00:16:3E:AA:BB:CC"))
    with pytest.raises(exceptions.InvalidNic, match="has the same MAC address"):
        plan(nics=twins)


def test_a_bridge_must_be_there() -> None:
    with pytest.raises(exceptions.BridgeNotFound) as refused:
        plan(nics=(nic(bridge="br9"),))
    assert str(refused.value) == (
        "Server web1: there is no bridge br9 on this host (its bridges: br-big, "
        "br-int, br0); make it first or name another one."
    )


@pytest.mark.parametrize(
    ("bridge", "interface_id", "virtualport", "written_id"),
    [
        ("br0", None, None, None),
        ("br0", UUID, None, None),
        ("br-int", None, "openvswitch", None),
        ("br-int", UUID, "openvswitch", UUID),
        ("br-int", UUID.upper(), "openvswitch", UUID),
    ],
)
def test_open_vswitch(
    bridge: str,
    interface_id: str | None,
    virtualport: str | None,
    written_id: str | None,
) -> None:
    found = interface(bridge=bridge, interface_id=interface_id)
    assert (found.bridge, found.virtualport_type) == (bridge, virtualport)
    assert found.interface_id == written_id


def test_an_interface_id_is_a_uuid() -> None:
    assert refusal(interface_id="port-1").endswith("id 'port-1' is no UUID.")


@pytest.mark.parametrize(
    ("bridge", "mtu", "warns"),
    [
        ("br0", None, False),
        ("br0", 1500, False),
        ("br0", 1400, True),
        ("br0", 68, True),
        ("br-big", 9000, False),
        ("br-big", 1500, True),
    ],
)
def test_mtu_within_the_bridges(bridge: str, mtu: int | None, *, warns: bool) -> None:
    planned = plan(PV, nics=(nic(bridge=bridge, mtu=mtu),))
    assert planned.domain.devices.interfaces[0].mtu == mtu
    assert any("set it inside the guest too" in w for w in planned.warnings) is warns


@pytest.mark.parametrize(
    ("mtu", "why"),
    [
        (1501, "an MTU of 1501 does not pass the bridge, whose MTU is 1500; raise the"),
        (67, "an MTU of 67 is not possible"),
        (65536, "an MTU of 65536 is not possible"),
        (-1, "an MTU of -1 is not possible"),
    ],
)
def test_mtu_that_cannot_be(mtu: int, why: str) -> None:
    assert f"is wrong: {why}" in refusal(mtu=mtu)


@pytest.mark.parametrize(
    ("by_nic", "by_option", "written"),
    [
        (None, None, None),
        ("vif-route", None, "vif-route"),
        (None, "vif-nat", "vif-nat"),
        ("vif-route", "vif-nat", "vif-route"),
        ("/usr/local/bin/vif", None, "/usr/local/bin/vif"),
    ],
)
def test_script(by_nic: str | None, by_option: str | None, written: str | None) -> None:
    planned = plan(nics=(nic(script=by_nic),), by=options(vif_script=by_option))
    assert planned.domain.devices.interfaces[0].script == written


@pytest.mark.parametrize("script", ["", "a b", "../../tmp/x", "x;y", "$(id)", "a//b"])
def test_what_is_no_script(script: str) -> None:
    with pytest.raises(exceptions.InvalidNic, match="is no name of a hotplug script"):
        plan(nics=(nic(),), by=options(vif_script=script))


@pytest.mark.parametrize(
    ("asked", "model", "name", "granted"),
    [
        (PV, None, "tap12345678-90a", True),
        (PV, None, "tap12345678-90ab", False),
        (HVM, "netfront", "tap12345678-90a", True),
        (HVM, None, "tap12345678", True),
        (HVM, None, "tap12345678-", False),
        (HVM, None, "tap12345678-90", False),
    ],
)
def test_length_of_the_hosts_name(
    asked: dict[str, str], model: str | None, name: str, *, granted: bool
) -> None:
    """An emulated card's tap is named with -emu behind it; Linux takes 15 bytes."""
    if granted:
        assert interface(asked, model=model, target_dev=name).target_dev == name
    else:
        sentence = refusal(asked, model=model, target_dev=name)
        assert f"{name}, is longer than the " in sentence
        assert sentence.endswith("use model netfront.") is (asked == HVM)


@pytest.mark.parametrize("name", ["", "vif1.0", "a b", "a/b", "tapü"])
def test_names_the_host_cannot_have(name: str) -> None:
    assert refusal(target_dev=name).endswith(f"cannot name its side {name!r}.")


def test_interfaces_keep_their_order() -> None:
    nics = tuple(Nic(bridge="br0", mac=f"00:16:3e:00:00:0{n}") for n in (3, 1, 2))
    found = plan(nics=nics).domain.devices.interfaces
    assert [each.mac for each in found] == [each.mac for each in nics]


@pytest.mark.parametrize("mode", GuestMode)
@pytest.mark.parametrize("rate", [None, "1", "1024", "4194303"])
def test_what_a_guest_may_send(mode: GuestMode, rate: str | None) -> None:
    asked = {**BY_MODE[mode], "hw_vif_model": "netfront"}
    specs = {} if rate is None else {RATE: rate}
    planned = plan(asked, nics=(nic(), nic(mac=OTHER)), flavor=flavor(specs))
    expected = None if rate is None else int(rate)
    rates = [each.outbound_average for each in planned.domain.devices.interfaces]
    assert rates == [expected, expected]
    why = [each.why for each in planned.reasons if "bandwidth" in each.element]
    assert why == ([] if rate is None else [f"extra spec {RATE}, in KiB/s"] * 2)


@pytest.mark.parametrize("rate", ["0", "-1", "4194304", "x", "", "1.5", "٣"])
def test_rates_that_are_none(rate: str) -> None:
    with pytest.raises(exceptions.InvalidExtraSpec) as refused:
        plan(PV, nics=(nic(),), flavor=flavor({RATE: rate}))
    assert str(refused.value) == (
        f"Server web1: extra spec {RATE}={rate} is not possible: it is a whole number "
        "of KiB/s from 1 to 4194303."
    )


def test_an_emulated_card_has_no_limit() -> None:
    with pytest.raises(exceptions.InvalidExtraSpec) as refused:
        plan(HVM, nics=(nic(),), flavor=flavor({RATE: "10"}))
    assert str(refused.value).endswith(
        "Xen limits its own card alone and not the emulated e1000; use an image with "
        "hw_vif_model=netfront."
    )
