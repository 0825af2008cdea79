# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.model import Plan, PowerState
from nova_xen.operations import power
from nova_xen.operations.host import Host
from nova_xen.operations.query import get_server
from nova_xen.operations.spawn import spawn
from nova_xen.testing import FakeHost

MakePlan = Callable[..., Plan]


def quiet(_what: str, _fraction: float) -> None:
    pass


@pytest.fixture
def web(host: Host, make_plan: MakePlan) -> str:
    spawn(host, make_plan(), quiet)
    return "web"


def state(host: Host) -> PowerState:
    return get_server(host, "web").state


def test_off_and_on(host: Host, web: str) -> None:
    power.power_off(host, web, None)
    assert state(host) is PowerState.STOPPED
    power.power_on(host, web)
    assert state(host) is PowerState.RUNNING


def test_a_guest_that_does_not_listen_is_switched_off(
    host: Host, fake: FakeHost, web: str
) -> None:
    fake.deaf_guests.add(web)
    power.power_off(host, web, 1)
    assert state(host) is PowerState.STOPPED
    assert "destroy" in [call.method for call in fake.calls]


def test_off_without_a_timeout_asks_nobody(
    host: Host, fake: FakeHost, web: str
) -> None:
    power.power_off(host, web, 0)
    assert "shutdown" not in [call.method for call in fake.calls]


def test_a_paused_guest_is_woken_to_shut_down(host: Host, web: str) -> None:
    power.pause(host, web)
    power.power_off(host, web, None)
    assert state(host) is PowerState.STOPPED


def test_pause_and_unpause(host: Host, web: str) -> None:
    power.pause(host, web)
    assert state(host) is PowerState.PAUSED
    power.unpause(host, web)
    assert state(host) is PowerState.RUNNING


@pytest.mark.parametrize("hard", [False, True])
def test_reboot_gives_a_new_domain_id(host: Host, web: str, hard: bool) -> None:
    before = get_server(host, web).domid
    power.reboot(host, web, hard=hard)
    after = get_server(host, web)
    assert after.state is PowerState.RUNNING
    assert after.domid != before


def test_a_deaf_guest_is_reset(host: Host, fake: FakeHost, web: str) -> None:
    fake.deaf_guests.add(web)
    before = get_server(host, web).domid
    power.reboot(host, web, hard=False)
    assert get_server(host, web).domid != before


@pytest.mark.parametrize("hard", [False, True])
def test_the_cap_survives_a_reboot(
    host: Host, fake: FakeHost, make_plan: MakePlan, hard: bool
) -> None:
    spawn(host, make_plan(extra_specs={"quota:cpu_quota": "50000"}), quiet)
    power.reboot(host, "web", hard=hard)
    assert fake.guest("web").cap == 50


ACTIONS: dict[str, Callable[[Host], None]] = {
    "on": lambda host: power.power_on(host, "web"),
    "off": lambda host: power.power_off(host, "web", 0),
    "soft": lambda host: power.reboot(host, "web", hard=False),
    "hard": lambda host: power.reboot(host, "web", hard=True),
    "pause": lambda host: power.pause(host, "web"),
    "unpause": lambda host: power.unpause(host, "web"),
}
REFUSED = [
    ("running", "on"),
    ("running", "unpause"),
    ("paused", "on"),
    ("paused", "pause"),
    ("paused", "soft"),
    ("stopped", "off"),
    ("stopped", "soft"),
    ("stopped", "hard"),
    ("stopped", "pause"),
    ("stopped", "unpause"),
]


@pytest.mark.parametrize(("before", "action"), REFUSED)
def test_wrong_states_are_refused(
    host: Host, web: str, before: str, action: str
) -> None:
    if before == "paused":
        power.pause(host, web)
    if before == "stopped":
        power.power_off(host, web, 0)
    with pytest.raises(exceptions.WrongState, match=before):
        ACTIONS[action](host)
    assert state(host).value == before


def test_a_lost_disk_is_noticed_before_the_start(
    host: Host, instances: pathlib.Path, web: str
) -> None:
    power.power_off(host, web, 0)
    os.remove(instances / get_server(host, web).uuid / "disk")
    with pytest.raises(exceptions.FileMissing, match="disk"):
        power.power_on(host, web)
    assert state(host) is PowerState.STOPPED


def test_a_failed_start_is_off_again(host: Host, fake: FakeHost, web: str) -> None:
    power.power_off(host, web, 0)
    fake.fail_next("create", 1, "internal error: libxenlight failed")
    with pytest.raises(exceptions.StepFailed, match="could not be started"):
        power.power_on(host, web)
    assert state(host) is PowerState.STOPPED
