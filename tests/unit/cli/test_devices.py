# SPDX-License-Identifier: Apache-2.0
"""nova-xen server add and remove."""

import dataclasses
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.cli import rows
from nova_xen.cli.signals import Interrupted
from nova_xen.model import (
    DeviceKind,
    DiskFormat,
    PluggedDevice,
    VolumeRequest,
    Where,
)
from nova_xen.operations.request import NicRequest
from unit.cli.stub import Cli, StubDriver

PATH = "/srv/volume"
MAC = "00:16:3e:00:00:0a"


@pytest.mark.parametrize(
    ("more", "request_"),
    [
        ((), VolumeRequest(path=PATH)),
        (
            ("--volume-format", "vhd", "--device", "xvdf"),
            VolumeRequest(path=PATH, format=DiskFormat.VHD, target="xvdf"),
        ),
        (("--read-only",), VolumeRequest(path=PATH, readonly=True)),
    ],
)
def test_add_volume(
    cli: Cli, driver: StubDriver, more: tuple[str, ...], request_: VolumeRequest
) -> None:
    ended = cli("server", "add", "volume", "db", PATH, *more, "-f", "json")
    assert (ended.code, ended.err) == (0, "")
    assert driver.calls == [("attach_volume", "db", request_)]
    assert tuple(ended.json) == rows.DEVICE
    assert ended.json == {
        "server": "db",
        "kind": "disk",
        "device": "xvdb",
        "source": PATH,
        "type": "raw",
        "live": True,
        "connected": None,
    }


def test_add_network(cli: Cli, driver: StubDriver) -> None:
    asked = f"bridge=br0,mac={MAC},mtu=1400,model=netfront,script=vif-x"
    ended = cli("server", "add", "network", "db", asked, "-f", "json")
    request = NicRequest(
        bridge="br0", mac=MAC, mtu=1400, model="netfront", script="vif-x"
    )
    assert driver.calls == [("attach_interface", "db", request)]
    assert ended.json["kind"] == "network"
    assert ended.json["device"] == MAC


@pytest.mark.parametrize("words", [("volume", PATH), ("network", "bridge=br0")])
def test_warnings_are_told(
    cli: Cli, driver: StubDriver, words: tuple[str, str]
) -> None:
    driver.change = dataclasses.replace(driver.change, warnings=("it is late",))
    ended = cli("server", "add", words[0], "db", words[1], "-f", "json")
    assert (ended.code, ended.err) == (0, "Warning: it is late\n")


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (("volume", "db", "xvdb"), ("detach_volume", "db", "xvdb")),
        (("network", "db", MAC), ("detach_interface", "db", MAC)),
    ],
)
def test_remove(
    cli: Cli, driver: StubDriver, words: tuple[str, ...], call: tuple[str, ...]
) -> None:
    ended = cli("server", "remove", *words)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert driver.calls == [call]
    driver.left = ("the guest has it still",)
    assert cli("server", "remove", *words).err == "Warning: the guest has it still\n"


@pytest.mark.parametrize(
    ("words", "path"), [(("/srv/other.iso",), "/srv/other.iso"), ((), None)]
)
def test_change_cdrom(
    cli: Cli, driver: StubDriver, words: tuple[str, ...], path: str | None
) -> None:
    ended = cli("server", "change", "cdrom", "db", *words)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert driver.calls == [("change_cdrom", "db", path)]


def test_list(cli: Cli, driver: StubDriver) -> None:
    driver.devices = (
        PluggedDevice(
            kind=DeviceKind.DISK,
            device="xvdb",
            source="/srv/\x1b[2J",
            type="raw",
            bus="xen",
            address="vbd-51728",
            where=Where(live=True, config=False),
        ),
        PluggedDevice(
            kind=DeviceKind.NETWORK,
            device=MAC,
            source="br0",
            type="netfront",
            where=Where(live=True, config=True),
        ),
    )
    ended = cli("server", "device", "list", "db", "-f", "json")
    assert driver.calls == [("list_devices", "db")]
    assert tuple(ended.json[0]) == rows.DEVICES
    assert list(ended.json[0].values()) == [
        *("disk", "xvdb", "'/srv/\\x1b[2J'", "raw", "xen", "vbd-51728"),
        *(False, True, False),
    ]
    assert list(ended.json[1].values()) == [
        *("network", MAC, "br0", "netfront", "", "", False, True, True)
    ]


COMMANDS: dict[str, tuple[str, ...]] = {
    "attach_volume": ("add", "volume", "db", PATH),
    "attach_interface": ("add", "network", "db", "bridge=br0"),
    "detach_volume": ("remove", "volume", "db", "xvdb"),
    "detach_interface": ("remove", "network", "db", MAC),
    "change_cdrom": ("change", "cdrom", "db", PATH),
}


@pytest.mark.parametrize("method", COMMANDS)
def test_failures_are_a_sentence(cli: Cli, driver: StubDriver, method: str) -> None:
    driver.errors[method] = exceptions.VolumeRefused(
        server="db", volume=PATH, why="it is wrong\x1b[2J"
    )
    ended = cli("server", *COMMANDS[method])
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"Server db cannot have the volume {PATH}: it is wrong\\x1b[2J.\n"
    )


@pytest.mark.parametrize("method", COMMANDS)
def test_an_interrupt_says_where_to_look(
    cli: Cli, driver: StubDriver, method: str
) -> None:
    driver.errors[method] = Interrupted(15)
    ended = cli("server", *COMMANDS[method])
    assert ended.code == 143
    assert ended.err == (
        "Interrupted. See 'nova-xen server device list db' for what it has now.\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("add", "volume", "db"),
        ("add", "volume", "db", PATH, "--volume-format", "vmdk"),
        ("add", "network", "db", "mac=x"),
        ("add", "network", "db"),
        ("remove", "volume", "db"),
        ("remove", "network"),
    ],
)
def test_usage_errors(cli: Cli, words: tuple[str, ...]) -> None:
    ended = cli("server", *words)
    assert ended.code == 2
    assert cli.opened == []


def test_unknown_columns_come_before_the_work(cli: Cli, driver: StubDriver) -> None:
    ended = cli("server", "add", "volume", "db", PATH, "-c", "colour")
    assert ended.code == 2
    assert driver.calls == []


def test_names_are_shown_as_text(cli: Cli, driver: StubDriver) -> None:
    change: Any = dataclasses.replace(driver.change, source="/srv/\x1b[2J")
    driver.change = change
    assert "\x1b" not in cli("server", "add", "volume", "db", PATH).out
