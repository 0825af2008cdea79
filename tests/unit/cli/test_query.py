# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen.cli import rows
from nova_xen.cli.words import STATUS, dotted, status
from nova_xen.model import GuestMode, PowerState
from unit.cli.stub import UUID, Cli, StubDriver, make_server


def test_every_state_has_a_word_of_openstack() -> None:
    assert set(STATUS) == {state.value for state in PowerState}
    assert status(PowerState.STOPPED) == "SHUTOFF"


def test_versions_are_dotted() -> None:
    assert dotted(4_017_007) == "4.17.7"
    assert dotted(12_008_010) == "12.8.10"


def test_list(cli: Cli, driver: StubDriver) -> None:
    driver.servers["off"] = make_server(
        "off", 3, state=PowerState.STOPPED, mode=GuestMode.HVM, domid=None
    )
    ended = cli("server", "list", "-f", "json")
    assert ended.code == 0
    assert ended.json[0] == {
        "ID": UUID.format(1),
        "Name": "db",
        "Status": "ACTIVE",
        "Mode": "pv",
        "vCPUs": 1,
        "RAM": 256,
        "Domain ID": 7,
    }
    assert ended.json[2]["Status"] == "SHUTOFF"
    assert ended.json[2]["Mode"] == "hvm"
    assert ended.json[2]["Domain ID"] is None


def test_list_long(cli: Cli, driver: StubDriver) -> None:
    driver.errors["get_info", UUID.format(2)] = make_gone()
    ended = cli("server", "list", "--long", "-f", "json")
    assert [row["Name"] for row in ended.json] == ["db"]
    assert tuple(ended.json[0]) == rows.LIST_LONG
    assert ended.json[0]["Networks"] == ["br0"]
    assert ended.json[0]["Created"] == "2026-01-02 03:04:05"


def make_gone() -> Exception:
    from nova_xen.exceptions import ServerNotFound

    return ServerNotFound(server="web1")


def test_list_of_nothing(cli: Cli, driver: StubDriver) -> None:
    driver.servers.clear()
    assert cli("server", "list", "-f", "json").json == []


@pytest.mark.parametrize("shape", ["table", "value", "yaml", "csv"])
def test_other_formats(cli: Cli, shape: str) -> None:
    ended = cli("server", "list", "-f", shape)
    assert ended.code == 0
    assert "web1" in ended.out


def test_show(cli: Cli) -> None:
    ended = cli("server", "show", "db", "-f", "json")
    assert ended.code == 0
    assert tuple(ended.json) == rows.SERVER
    assert ended.json["ram"] == 256
    assert ended.json["domain_id"] == 7
    disk = {"target": "xvda", "bus": "xen", "format": "qcow2", "source": "/d"}
    assert ended.json["disks"] == [disk]
    nic = {"mac": "00:16:3e:00:00:01", "bridge": "br0", "model": "netfront"}
    assert ended.json["networks"] == [nic]
    assert ended.json["properties"] == {"vm_mode": "xen"}


def test_show_for_people(cli: Cli) -> None:
    table = cli("server", "show", "db").out
    assert "target=xvda, bus=xen, format=qcow2, source=/d" in table
    assert "vm_mode=xen" in table


def test_one_column(cli: Cli) -> None:
    assert cli("server", "show", "db", "-f", "value", "-c", "status").out == "ACTIVE\n"


@pytest.mark.parametrize(
    "argv",
    [
        ("server", "list", "-c", "Nmae"),
        ("server", "list", "-c", "Name", "-c", "Image"),
        ("server", "show", "db", "-c", "Nmae"),
        ("host", "show", "-c", "Nmae"),
    ],
)
def test_a_column_that_is_not_there_is_told_before_anything_is_done(
    cli: Cli, argv: tuple[str, ...]
) -> None:
    ended = cli(*argv)
    assert ended.code == 2
    assert "there is no column" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert cli.opened == []


def test_what_does_not_print_is_shown_as_repr(cli: Cli, driver: StubDriver) -> None:
    driver.servers["x"] = make_server(
        "x\x1b[2J", 3, properties={"os": "\x07"}, image="a\nb"
    )
    assert cli("server", "list", "-f", "json").json[2]["Name"] == "'x\\x1b[2J'"
    table = cli("server", "show", UUID.format(3)).out
    assert "os='\\x07'" in table
    assert "'a\\nb'" in table
    assert "\x1b" not in table


def test_host_show(cli: Cli) -> None:
    host = cli("host", "show", "-f", "json").json
    assert tuple(host) == rows.HOST
    assert host["xen_version"] == "4.17.7"
    assert host["libvirt_version"] == "9.0.0"
    assert host["free_memory_mib"] == 4096
    assert host["modes"][1] == {
        "mode": "hvm",
        "os_type": "hvm",
        "machine": "xenfv",
        "max_vcpus": 128,
    }
    assert host["bridges"] == [{"name": "br0", "mtu": 1500, "openvswitch": False}]
    assert host["boot_files"]["ovmf"] is None
    assert host["uptime"] == 4711
    assert host["supported_instances"] == [
        {"arch": "x86_64", "hv_type": "xen", "vm_mode": mode} for mode in ("xen", "hvm")
    ]


def test_host_show_for_people(cli: Cli) -> None:
    table = cli("host", "show").out
    assert "mode=pv, os_type=xen, machine=xenpv, max_vcpus=512" in table
    assert "ovmf" not in table
