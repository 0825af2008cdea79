# SPDX-License-Identifier: Apache-2.0
import pathlib

import pytest
from lxml import etree

from nova_xen import exceptions
from nova_xen.cli import rows
from nova_xen.cli.signals import Interrupted
from nova_xen.operations.request import NicRequest
from unit.cli.stub import UUID, Cli, StubDriver, create, secret_file


def test_create_shows_the_server(cli: Cli, driver: StubDriver) -> None:
    ended = cli(*create("-f", "json"))
    assert (ended.code, ended.err) == (0, "")
    assert tuple(ended.json) == rows.SERVER
    assert (ended.json["name"], ended.json["status"]) == ("web", "ACTIVE")
    methods = [call[0] for call in driver.calls]
    assert methods == ["init_host", "build_instance", "plan", "spawn"]


def test_every_argument_reaches_the_request(
    cli: Cli, driver: StubDriver, tmp_path: pathlib.Path
) -> None:
    ended = cli(
        *create("--image-format", "qcow2", "--property", "vm_mode=xen"),
        *("--property", "os_distro=debian", "--extra-spec", "quota:cpu_shares=512"),
        *("--vcpus", "2", "--disk", "4", "--ephemeral", "1", "--swap", "64"),
        *("--network", "bridge=br0", "--network", "mtu=1400,bridge=br0"),
        *("--ramdisk", "/boot/initrd", "--vnc-password-file", secret_file(tmp_path)),
    )
    assert ended.code == 0
    request = driver.request
    assert request is not None
    assert (request.name, request.image) == ("web", "disk.qcow2")
    assert request.image_format == "qcow2"
    assert request.properties == {"vm_mode": "xen", "os_distro": "debian"}
    flavor = request.flavor
    assert (flavor.vcpus, flavor.memory_mib, flavor.root_gib) == (2, 256, 4)
    assert (flavor.ephemeral_gib, flavor.swap_mib) == (1, 64)
    assert flavor.extra_specs == {"quota:cpu_shares": "512"}
    first, second = NicRequest(bridge="br0"), NicRequest(bridge="br0", mtu=1400)
    assert request.nics == (first, second)
    assert (request.kernel, request.ramdisk) == ("/boot/vmlinuz", "/boot/initrd")
    assert request.vnc_password == "hunter2"


def test_what_is_not_said(cli: Cli, driver: StubDriver) -> None:
    cli(*create())
    request = driver.request
    assert request is not None
    assert (request.flavor.vcpus, request.flavor.root_gib) == (1, 0)
    assert request.image_format is None
    assert request.properties == {}
    assert request.nics == ()
    assert request.vnc_password is None


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("server", "create", "web"), "required: --image, --ram"),
        (create("--ram", "1G"), "argument --ram: a whole number of MiB is needed"),
        (create("--vcpus", "0"), "argument --vcpus: at least 1 is needed"),
        (create("--image-format", "vmdk"), "invalid choice: 'vmdk'"),
        (create("--property", "a"), "argument --property: 'a' has no '='"),
        (
            create("--property", "a=1", "--property", "a=2"),
            "argument --property: the key 'a' is given twice",
        ),
        (
            create("--extra-spec", "a=1", "--extra-spec", "a=1"),
            "argument --extra-spec: the key 'a' is given twice",
        ),
        (create("--network", "br0"), "argument --network: 'br0' has no '='"),
        (create("--network", "bridge=a,vlan=2"), "the keys are bridge, mac"),
        (create("--wait-for", "("), "argument --wait-for: '(' is no regular"),
        (create("--vnc-password-file", "/nonexistent"), "cannot be read: No such"),
        (create("-c", "nothing"), "there is no column 'nothing'"),
        (("explain", "web"), "required: --image, --ram"),
    ],
)
def test_usage_errors(cli: Cli, argv: list[str], why: str) -> None:
    ended = cli(*argv)
    assert ended.code == 2
    assert why in ended.err.splitlines()[-1]
    assert (ended.out, cli.opened) == ("", [])


@pytest.mark.parametrize("text", ["", "\n", "\nsecond"])
def test_an_empty_password_is_refused(
    cli: Cli, tmp_path: pathlib.Path, text: str
) -> None:
    ended = cli(*create("--vnc-password-file", secret_file(tmp_path, text)))
    assert ended.code == 2
    assert "is empty" in ended.err


def test_dry_run_prints_the_document_alone(cli: Cli, driver: StubDriver) -> None:
    ended = cli(*create("--dry-run", "--network", "bridge=br0"))
    assert (ended.code, ended.err) == (0, "")
    document = etree.fromstring(ended.raw)
    assert document.tag == "domain"
    assert document.findtext("name") == "web"
    assert [call[0] for call in driver.calls] == ["build_instance", "plan"]


def test_dry_run_keeps_the_password_to_itself(cli: Cli, tmp_path: pathlib.Path) -> None:
    password = secret_file(tmp_path)
    ended = cli(
        *create("--dry-run", "--property", "vm_mode=hvm"),
        *("--vnc-password-file", password),
    )
    assert "<graphics" in ended.out
    assert "hunter2" not in ended.out + ended.err


def test_warnings_go_to_stderr(
    cli: Cli, driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    warn(driver, monkeypatch)
    ended = cli(*create("--dry-run"))
    assert ended.err == "Warning: this may be slow\n"
    assert etree.fromstring(ended.raw).tag == "domain"


def test_warnings_follow_success_alone(
    cli: Cli, driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    warn(driver, monkeypatch)
    assert cli(*create()).err == "Warning: this may be slow\n"
    driver.errors["spawn"] = exceptions.ServerExists(server="web")
    assert len(cli(*create()).err.splitlines()) == 1


def warn(driver: StubDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from nova_xen.model import Instance, Plan, Reason

    plan = driver.plan

    def warning(instance: Instance) -> Plan:
        reason = Reason("os", "slow", "this may be slow", warning=True)
        return dataclasses.replace(plan(instance), reasons=(reason,))

    monkeypatch.setattr(driver, "plan", warning)


def test_explain_lists_reasons(cli: Cli, driver: StubDriver) -> None:
    ended = cli("explain", *create("-f", "json")[2:])
    assert (ended.code, ended.err) == (0, "")
    assert tuple(ended.json[0]) == rows.EXPLAIN
    assert all(row["Why"] and row["Warning"] is False for row in ended.json)
    assert [call[0] for call in driver.calls] == ["build_instance", "plan"]


def test_explain_marks_warnings(
    cli: Cli, driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    warn(driver, monkeypatch)
    ended = cli("explain", *create("-f", "json")[2:])
    assert ended.json == [
        {"Element": "os", "Choice": "slow", "Why": "this may be slow", "Warning": True}
    ]
    assert "| warning |" in cli("explain", *create()[2:]).out


@pytest.mark.parametrize(
    ("terminal", "options", "drawn"),
    [(True, (), True), (False, (), False), (True, ("-q",), False)],
)
def test_progress_is_for_terminals(
    cli: Cli, terminal: bool, options: tuple[str, ...], drawn: bool
) -> None:
    ended = cli(*options, *create(), terminal=terminal)
    assert ended.code == 0
    assert ("copy disk [" in ended.err) is drawn


@pytest.mark.parametrize(
    ("stop", "code"),
    [(KeyboardInterrupt(), 130), (Interrupted(2), 130), (Interrupted(15), 143)],
)
def test_an_interrupted_creation_tells_what_is_left(
    cli: Cli, driver: StubDriver, stop: KeyboardInterrupt, code: int
) -> None:
    driver.errors["spawn"] = stop
    ended = cli(*create())
    assert ended.code == code
    assert ended.err == (
        "Interrupted. Server web was not created; what was begun was undone.\n"
    )


def test_an_interrupted_creation_that_could_not_be_undone(
    cli: Cli, driver: StubDriver
) -> None:
    driver.errors["spawn"] = KeyboardInterrupt()
    driver.errors["get_info", UUID.format(99)] = exceptions.HypervisorError(
        doing="asking", server="", why="it is gone"
    )
    assert "could not be asked" in cli(*create()).err


def test_a_server_that_is_there_after_the_interrupt(
    cli: Cli, driver: StubDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn = driver.spawn

    def interrupted(*args: object) -> None:
        spawn(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(driver, "spawn", interrupted)
    assert "Server web is there" in cli(*create()).err


def test_a_password_file_that_is_no_text(cli: Cli, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"\xff\xfe\n")
    ended = cli(*create("--vnc-password-file", str(path)))
    assert ended.code == 2
    assert "is no text in UTF-8" in ended.err
