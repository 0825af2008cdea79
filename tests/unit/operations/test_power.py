# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.images.tools import qemu_img
from nova_xen.model import MIB, DiskFormat, Flavor, Instance, Plan, PowerState
from nova_xen.operations import power
from nova_xen.operations.host import Host
from nova_xen.operations.query import get_server
from nova_xen.operations.request import CreateRequest, build_instance
from nova_xen.operations.spawn import plan, spawn
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


@pytest.fixture
def without_vhd(tmp_path: pathlib.Path) -> tuple[str, ...]:
    """Paths of a device model that was built without the format."""
    program = tmp_path / "qemu-system-i386"
    program.write_text("#!/bin/sh\necho \"Unknown driver 'vpc'\" >&2; exit 1\n")
    program.chmod(0o755)
    return (str(program),)


@pytest.fixture
def vhd(tmp_path: pathlib.Path, kernel: str) -> Instance:
    path = str(tmp_path / "image.vhd")
    qemu_img.create(path, DiskFormat.VHD, 4 * MIB, server="test")
    flavor = Flavor(vcpus=1, memory_mib=128)
    request = CreateRequest(name="web", image=path, flavor=flavor, kernel=kernel)
    return build_instance(request)


def test_a_disk_that_the_host_no_longer_serves_keeps_a_server_off(
    host: Host, vhd: Instance, without_vhd: tuple[str, ...]
) -> None:
    """As after an upgrade of dom0."""
    spawn(host, plan(host, vhd), quiet)
    power.power_off(host, "web", None)
    upgraded = dataclasses.replace(host, device_model_paths=without_vhd)
    with pytest.raises(exceptions.FormatNotServed, match=r"its disk xvda is vhd"):
        power.power_on(upgraded, "web")
    assert state(host) is PowerState.STOPPED


def test_an_image_that_the_host_does_not_serve_is_converted(
    host: Host, vhd: Instance, without_vhd: tuple[str, ...]
) -> None:
    newer = dataclasses.replace(host, device_model_paths=without_vhd)
    made = spawn(newer, plan(newer, vhd), quiet)
    assert [disk.format for disk in made.disks] == ["qcow2"]
