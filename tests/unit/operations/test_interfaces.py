# SPDX-License-Identifier: Apache-2.0
"""Network interfaces of servers in each state, with what goes wrong."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.model import BridgeFacts, DeviceKind, Plan, Where
from nova_xen.operations import devices, power
from nova_xen.operations import host as host_module
from nova_xen.operations.host import Host
from nova_xen.operations.interfaces import attach_interface, detach_interface
from nova_xen.operations.query import get_server
from nova_xen.operations.request import CreateRequest, NicRequest, build_instance
from nova_xen.operations.spawn import plan, spawn
from nova_xen.testing import FakeHost
from unit.hypervisor.fake_xenstored import Xenstored
from unit.operations import plugged
from unit.operations.plugged import later, now

MakePlan = Callable[..., Plan]
MAC = "00:16:3e:00:00:0a"
BRIDGES = {
    "br0": BridgeFacts(name="br0", mtu=1500),
    "br-int": BridgeFacts(name="br-int", mtu=1500, openvswitch=True),
}


def quiet(_what: str, _fraction: float) -> None:
    pass


@pytest.fixture(autouse=True)
def _bridges(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> Mapping[str, BridgeFacts]:
        return BRIDGES

    monkeypatch.setattr(host_module, "host_bridges", found)
    monkeypatch.setattr(devices, "PAUSES", (0.01, 0.01))


@pytest.fixture
def host(host: Host, tmp_path: pathlib.Path) -> Host:
    sockets = (str(tmp_path / "xenstored"),)
    return dataclasses.replace(host, xenstored_sockets=sockets, device_timeout=0.3)


@pytest.fixture
def xenstored(tmp_path: pathlib.Path) -> Iterator[Xenstored]:
    with Xenstored(tmp_path / "xenstored") as made:
        yield made


@pytest.fixture
def web(host: Host, make_plan: MakePlan) -> str:
    spawn(host, make_plan(), quiet)
    return "web"


def nic(**changes: Any) -> NicRequest:
    return NicRequest(**{"bridge": "br0", "mac": MAC, **changes})


def test_into_a_server_that_runs(host: Host, fake: FakeHost, web: str) -> None:
    change = attach_interface(host, web, nic())
    assert (change.kind, change.device) == (DeviceKind.NETWORK, MAC)
    assert (change.source, change.type) == ("br0", "netfront")
    assert change.where == Where(live=True, config=True)
    assert now(fake) == later(fake) == ["xvda", MAC]
    assert detach_interface(host, web, MAC.upper()) == ()
    assert now(fake) == later(fake) == ["xvda"]


def test_into_a_server_that_is_off(host: Host, fake: FakeHost, web: str) -> None:
    power.power_off(host, web, 0)
    change = attach_interface(host, web, nic())
    assert change.where == Where(live=False, config=True)
    assert change.warnings == ()
    power.power_on(host, web)
    assert now(fake) == ["xvda", MAC]
    power.power_off(host, web, 0)
    detach_interface(host, web, MAC)
    assert later(fake) == ["xvda"]


def test_an_address_is_made_once_for_both(host: Host, fake: FakeHost, web: str) -> None:
    change = attach_interface(host, web, nic(mac=None, bridge="br-int"))
    assert change.device.startswith("00:16:3e:")
    ids = [
        root.find("devices/interface/virtualport/parameters").get("interfaceid")  # type: ignore[union-attr]
        for root in (fake.guest(web).current, fake.guest(web).config)
    ]
    assert ids[0] is not None
    assert ids[0] == ids[1]


@pytest.mark.parametrize("act", ["attach", "detach"])
def test_not_of_a_server_that_is_paused(
    host: Host, fake: FakeHost, web: str, act: str
) -> None:
    power.pause(host, web)
    with pytest.raises(exceptions.WrongState, match="while it is paused"):
        attach_interface(host, web, nic()) if act == "attach" else detach_interface(
            host, web, MAC
        )
    assert later(fake) == ["xvda"]


def test_an_address_is_one_servers(
    host: Host, fake: FakeHost, web: str, make_plan: MakePlan
) -> None:
    spawn(host, make_plan("db"), quiet)
    attach_interface(host, web, nic())
    power.power_off(host, web, 0)
    for name in ("db", web):
        with pytest.raises(exceptions.InvalidNic, match="server web has the same MAC"):
            attach_interface(host, name, nic(mac=MAC.upper()))
    assert later(fake, "db") == ["xvda"]


def test_no_such_bridge(host: Host, fake: FakeHost, web: str) -> None:
    with pytest.raises(exceptions.BridgeNotFound, match="its bridges: br-int, br0"):
        attach_interface(host, web, nic(bridge="nobr"))
    assert later(fake) == ["xvda"]


def test_limits_of_the_flavor_hold_for_it(
    host: Host, fake: FakeHost, make_plan: MakePlan
) -> None:
    specs = {"quota:vif_outbound_average": "512"}
    spawn(host, make_plan(extra_specs=specs), quiet)
    attach_interface(host, "web", nic())
    found = fake.guest("web").config.find("devices/interface/bandwidth/outbound")
    assert found is not None
    assert found.get("average") == "512"


def test_a_failure_of_libvirt_leaves_all_as_before(
    host: Host, fake: FakeHost, web: str
) -> None:
    fake.bridges = set()  # gone since it was looked for
    with pytest.raises(exceptions.StepFailed) as failed:
        attach_interface(host, web, nic())
    assert str(failed.value) == (
        "Server web could not be given a network interface: the step 'plug it in' "
        "failed, libvirt failed while plugging a device into server web: internal "
        "error: libxenlight failed to attach network device. Nothing was left behind."
    )
    assert now(fake) == later(fake) == ["xvda"]


@pytest.mark.parametrize("live", [True, False])
def test_halves_are_told_and_removed(
    host: Host, fake: FakeHost, web: str, live: bool
) -> None:
    flag = libvirt.VIR_DOMAIN_AFFECT_LIVE if live else libvirt.VIR_DOMAIN_AFFECT_CONFIG
    fake.connect().lookupByName(web).attachDeviceFlags(
        f"<interface type='bridge'><mac address='{MAC}'/><source bridge='br0'/>"
        "</interface>",
        flag,
    )
    with pytest.raises(exceptions.InvalidNic, match="server web has the same MAC"):
        attach_interface(host, web, nic())
    detach_interface(host, web, MAC)
    assert now(fake) == later(fake) == ["xvda"]


def test_one_that_is_not_there(host: Host, web: str) -> None:
    with pytest.raises(exceptions.DeviceNotFound, match="no network interface 00:16"):
        detach_interface(host, web, MAC)


@pytest.mark.parametrize(
    ("states", "connected"), [(plugged.CONNECTED, True), (plugged.WAITING, False)]
)
def test_it_is_found_in_xenstore_by_its_address(
    host: Host,
    xenstored: Xenstored,
    web: str,
    states: tuple[str, str],
    connected: bool,
) -> None:
    folder = f"/local/domain/{get_server(host, web).domid}/device/vif"
    plugged.tell(xenstored, f"{folder}/0", plugged.UNSERVED, mac="00:16:3e:00:00:00")
    plugged.tell(xenstored, f"{folder}/1", states, mac=MAC.upper())
    change = attach_interface(host, web, nic())
    assert change.connected is connected
    assert bool(change.warnings) is not connected
    (warning,) = detach_interface(host, web, MAC)
    assert warning.startswith(f"the guest has not let go of {MAC}")


def test_an_emulated_card_is_taken_out_by_half(
    host: Host, image: str, kernel: str, make_plan: MakePlan
) -> None:
    request = CreateRequest(
        name="web",
        image=image,
        flavor=make_plan().instance.flavor,
        kernel=kernel,
        properties={"vm_mode": "hvm"},
        nics=(nic(),),
    )
    spawn(host, plan(host, build_instance(request)), quiet)
    other = nic(mac="00:16:3e:00:00:0b")
    warned = " ".join(attach_interface(host, "web", other).warnings)
    assert "a card cannot be emulated anew" in warned
    assert detach_interface(host, "web", "00:16:3e:00:00:0b") == ()
    (warning,) = detach_interface(host, "web", MAC)
    assert warning.startswith("the emulated e1000 beside it stays")
