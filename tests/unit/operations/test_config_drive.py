# SPDX-License-Identifier: Apache-2.0
"""A server with a config drive, from the request to what is left of it."""

import dataclasses
import ipaddress
import json
import logging
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.images import create_folder
from nova_xen.injection.config_drive import make_config_drive
from nova_xen.model import (
    BridgeFacts,
    ConfigDriveFormat,
    Flavor,
    GuestSetup,
    InjectedFile,
    NicAddress,
    Plan,
    PlanOptions,
)
from nova_xen.operations import host as host_module
from nova_xen.operations import spawn as spawn_module
from nova_xen.operations.delete import delete
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest, NicRequest, build_instance
from nova_xen.operations.spawn import clean_up_unfinished, spawn
from nova_xen.testing import FakeHost

SECRET = "hunter2"
SETUP = GuestSetup(
    admin_password=SECRET,
    files=(InjectedFile(path="/etc/secret", content=SECRET.encode()),),
    user_data=b"#!/bin/sh\necho hunter2\n",
    metadata={"secret": SECRET},
)
STATIC = NicRequest(
    bridge="br0",
    mac="00:16:3e:00:00:01",
    addresses=(NicAddress(address=ipaddress.ip_interface("192.0.2.5/24")),),
)
DHCP = NicRequest(bridge="br0", mac="00:16:3e:00:00:01")
Left = Callable[[], list[str]]
MakePlan = Callable[..., Plan]


def quiet(_what: str, _fraction: float) -> None:
    pass


@pytest.fixture
def drive_format() -> ConfigDriveFormat:
    return ConfigDriveFormat.ISO9660


@pytest.fixture
def host(host: Host, drive_format: ConfigDriveFormat) -> Host:
    options = dataclasses.replace(host.options, config_drive_format=drive_format)
    return dataclasses.replace(host, options=options)


each_format = pytest.mark.parametrize("drive_format", ConfigDriveFormat)


@pytest.fixture
def make_plan(host: Host, image: str, kernel: str) -> MakePlan:
    def make(on: Host = host, **changes: Any) -> Plan:
        given: dict[str, Any] = {"setup": SETUP, "config_drive": True, **changes}
        request = CreateRequest(
            name="web",
            image=image,
            flavor=Flavor(vcpus=1, memory_mib=128, swap_mib=1),
            kernel=kernel,
            **given,
        )
        return spawn_module.plan(on, build_instance(request))

    return make


def vendor_data(path: pathlib.Path) -> Any:
    """What the drive has for a guest, found without a file system."""
    content = path.read_bytes()
    start = content.index(b'{"static": ')
    return json.JSONDecoder().raw_decode(content[start:].decode("utf-8", "replace"))[0]


@each_format
def test_it_is_there_when_the_guest_starts(
    host: Host, make_plan: MakePlan, fake: FakeHost, instances: pathlib.Path
) -> None:
    server = spawn(host, make_plan(), quiet)
    folder = instances / server.uuid
    names = sorted(os.listdir(folder))
    assert names == ["disk", "disk.config", "disk.swap", "kernel"]
    assert server.disks[-1].source == str(folder / "disk.config")
    assert server.disks[-1].target == "xvdc"
    assert SECRET.encode() in (folder / "disk.config").read_bytes()
    assert (folder / "disk.config").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def bridged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host has the bridge br0."""
    found = {"br0": BridgeFacts(name="br0", mtu=1500)}
    monkeypatch.setattr(host_module, "host_bridges", lambda: found)


@pytest.mark.usefixtures("bridged")
@pytest.mark.parametrize(
    ("nic", "template", "found"),
    [
        (STATIC, None, b"iface eth0 inet static\n    address 192.0.2.5/24\n"),
        (STATIC, "MAC {{ interfaces[0].hwaddress }}", b"MAC 00:16:3e:00:00:01"),
        (DHCP, None, None),
    ],
)
def test_a_network_file_for_guests_that_read_nothing_newer(
    host: Host,
    make_plan: MakePlan,
    instances: pathlib.Path,
    tmp_path: pathlib.Path,
    nic: NicRequest,
    template: str | None,
    found: bytes | None,
) -> None:
    on = with_template(host, tmp_path, template)
    server = spawn(on, make_plan(nics=(nic,)), quiet)
    content = (instances / server.uuid / "disk.config").read_bytes()
    if found is None:
        assert b"network_config" not in content
        assert b"iface eth0" not in content
        return
    assert b'"network_config": {"name": "network_config"' in content
    assert found in content


@pytest.mark.usefixtures("bridged")
def test_a_wrong_template_leaves_nothing(
    host: Host, make_plan: MakePlan, left: Left, tmp_path: pathlib.Path
) -> None:
    wrong = with_template(host, tmp_path, "{{ nothing.there }}")
    with pytest.raises(exceptions.InjectionRefused, match="network template is wrong"):
        spawn(wrong, make_plan(nics=(STATIC,)), quiet)
    assert left() == []


def with_template(host: Host, folder: pathlib.Path, text: str | None) -> Host:
    if text is None:
        return host
    path = folder / "template"
    path.write_text(text)
    injection = dataclasses.replace(host.injection, network_template=str(path))
    return dataclasses.replace(host, injection=injection)


def test_a_server_without_one(host: Host, make_plan: MakePlan) -> None:
    plan = make_plan(setup=GuestSetup(), config_drive=False)
    server = spawn(host, plan, quiet)
    assert "disk.config" not in [os.path.basename(d.source) for d in server.disks]


def test_it_goes_with_the_server(host: Host, make_plan: MakePlan, left: Left) -> None:
    spawn(host, make_plan(), quiet)
    delete(host, "web")
    assert left() == []


@pytest.mark.parametrize("error", [OSError("on fire"), KeyboardInterrupt()])
def test_it_failing_leaves_nothing(
    host: Host,
    make_plan: MakePlan,
    left: Left,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(spawn_module, "make_config_drive", fail)
    expected = exceptions.StepFailed if isinstance(error, OSError) else type(error)
    with pytest.raises(expected) as caught:
        spawn(host, make_plan(), quiet)
    if isinstance(error, OSError):
        assert "the step 'make its config drive' failed" in str(caught.value)
    assert left() == []


@each_format
def test_killed_meanwhile_it_is_cleaned_up(
    host: Host,
    make_plan: MakePlan,
    left: Left,
    instances: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = make_plan()
    folder = instances / plan.instance.uuid
    child = os.fork()
    if child == 0:
        name = host.options.config_drive_format
        monkeypatch.setattr(
            f"nova_xen.injection.config_drive.{name}.folders",
            lambda files: time.sleep(60),
        )
        create_folder(str(instances), plan.instance.uuid, server="web")
        assert plan.config_drive is not None
        make_config_drive(plan.config_drive, plan.instance, plan.mode, server="web")
        os._exit(0)
    deadline = time.monotonic() + 20
    while not (folder / ".disk.config.part").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert not (folder / "disk.config").exists()
    assert clean_up_unfinished(host) == (plan.instance.uuid,)
    assert left() == []


@each_format
def test_no_secret_is_told_to_anybody_else(
    host: Host,
    make_plan: MakePlan,
    fake: FakeHost,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[str] = []

    class Noted(subprocess.Popen[Any]):
        def __init__(self, command: Any, **more: Any) -> None:
            commands.append(repr((command, more)))
            super().__init__(command, **more)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    caplog.set_level(logging.DEBUG)
    plan = make_plan()
    spawn(host, plan, quiet)
    dump = fake.connect().lookupByName("web").XMLDesc(0)
    told = [caplog.text, dump, repr(plan.reasons), *commands]
    assert not [text for text in told if SECRET in text]
    assert commands


def test_the_operators_vendor_data(
    host: Host, make_plan: MakePlan, tmp_path: pathlib.Path, instances: pathlib.Path
) -> None:
    file = tmp_path / "vendor.json"
    file.write_text('{"of": "the operator"}')
    with_file = dataclasses.replace(host, vendor_data_path=str(file))
    plan = make_plan(on=with_file)
    assert plan.instance.setup.vendor_data == {"of": "the operator"}
    server = spawn(with_file, plan, quiet)
    drive = instances / server.uuid / "disk.config"
    assert vendor_data(drive) == {"static": {"of": "the operator"}}
    own = dataclasses.replace(SETUP, vendor_data={"of": "the user"})
    assert make_plan(on=with_file, setup=own).instance.setup == own
    nothing = make_plan(on=with_file, setup=GuestSetup(), config_drive=False)
    assert nothing.instance.setup == GuestSetup()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read, No such file or directory"),
        (b"", "is no JSON."),
        (b"{", "is no JSON."),
        (b"\xff\xfe", "is no JSON."),
        (b"[" * 100_000, "is no JSON."),
        (b"[]", "is no JSON object"),
        (b'"' + b"x" * 2**20 + b'"', "is no JSON object of at most 1048576 bytes"),
    ],
)
def test_vendor_data_that_is_none(
    host: Host,
    make_plan: MakePlan,
    tmp_path: pathlib.Path,
    content: bytes | None,
    why: str,
) -> None:
    file = tmp_path / "vendor.json"
    if content is not None:
        file.write_bytes(content)
    wrong = dataclasses.replace(host, vendor_data_path=str(file))
    with pytest.raises(exceptions.InvalidConfig) as refused:
        make_plan(on=wrong)
    assert "[api] vendordata_jsonfile_path is '" in str(refused.value)
    assert why in str(refused.value)
    assert make_plan(on=wrong, config_drive=False, setup=GuestSetup())


def test_the_options_are_those_of_the_configuration(tmp_path: pathlib.Path) -> None:
    from nova_xen import config
    from nova_xen.operations.host import open_host

    file = tmp_path / "nova.conf"
    file.write_text("[api]\nvendordata_jsonfile_path = /etc/nova/vendor.json\n")
    opened = open_host(config.load([str(file)]))
    assert opened.vendor_data_path == "/etc/nova/vendor.json"
    assert opened.options == PlanOptions(instances_path="/var/lib/nova/instances")
