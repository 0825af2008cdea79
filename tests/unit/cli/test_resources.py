# SPDX-License-Identifier: Apache-2.0
import pytest

from nova_xen.cli import resource_rows
from nova_xen.exceptions import ServerNotFound
from nova_xen.model import DiskDiagnostics, NicDiagnostics
from unit.cli.stub import UUID, Cli, StubDriver, make_diagnostics


def test_inventory(cli: Cli) -> None:
    ended = cli("host", "inventory", "-f", "json")
    assert ended.code == 0
    assert tuple(ended.json[0]) == resource_rows.INVENTORY
    assert ended.json[0] == {
        "Resource Class": "MEMORY_MB",
        "Total": 4095,
        "Reserved": 1579,
        "Used": 2097,
        "Allocation Ratio": 1.0,
        "Min Unit": 1,
        "Max Unit": 4095,
        "Step Size": 1,
        "Why": "Domain-0 1536 MiB",
    }


def test_traits(cli: Cli) -> None:
    ended = cli("host", "traits", "-f", "json")
    assert ended.json == [{"Trait": "COMPUTE_NODE", "Why": "servers run on this host"}]
    names = cli("host", "traits", "-f", "value", "-c", "Trait")
    assert names.out == "COMPUTE_NODE\n"


def test_diagnostics(cli: Cli) -> None:
    ended = cli("server", "diagnostics", "db", "-f", "json")
    assert ended.code == 0
    assert tuple(ended.json) == resource_rows.DIAGNOSTICS
    assert ended.json == {
        "id": UUID.format(1),
        "name": "db",
        "state": "running",
        "driver": "libvirt",
        "hypervisor": "xen",
        "hypervisor_os": "linux",
        "uptime": 60,
        "config_drive": False,
        "cpu_time": 7_000_000_000,
        "num_cpus": 2,
        "num_nics": 1,
        "num_disks": 2,
        "memory_details": {"maximum": 256, "used": 256},
        "cpu_details": [{"id": 0, "time": 7_000_000_000}, {"id": 1, "time": 0}],
        "nic_details": [
            {
                "mac_address": "00:16:3e:00:00:01",
                "rx_octets": 10,
                "rx_packets": 1,
                "rx_errors": 0,
                "rx_drop": 0,
                "tx_octets": 20,
                "tx_packets": 2,
                "tx_errors": 0,
                "tx_drop": None,
                "why": None,
            }
        ],
        "disk_details": [
            {
                "target": "xvda",
                "read_bytes": 512,
                "read_requests": 1,
                "write_bytes": 0,
                "write_requests": 0,
                "errors_count": 0,
                "why": None,
            },
            {
                "target": "xvdb",
                "read_bytes": None,
                "read_requests": None,
                "write_bytes": None,
                "write_requests": None,
                "errors_count": None,
                "why": "the device model does not name this disk",
            },
        ],
    }


def test_what_is_unknown_is_null_and_never_zero(cli: Cli, driver: StubDriver) -> None:
    driver.diagnostics = make_diagnostics(
        uptime=None,
        cpu_time=None,
        memory_used=None,
        nics=(NicDiagnostics(mac="00:16:3e:00:00:01", why="the server is off"),),
    )
    told = cli("server", "diagnostics", "db", "-f", "json").json
    assert (told["uptime"], told["cpu_time"]) == (None, None)
    assert told["memory_details"] == {"maximum": 256, "used": None}
    (nic,) = told["nic_details"]
    counted = {key: nic[key] for key in nic if key not in ("mac_address", "why")}
    assert set(counted.values()) == {None}


def test_diagnostics_for_people(cli: Cli) -> None:
    table = cli("server", "diagnostics", "db").out
    assert "target=xvda, read_bytes=512, read_requests=1" in table
    # nothing is said of what is unknown, but why
    assert "target=xvdb, why=the device model does not name this disk" in table


def test_what_a_device_model_says_is_not_sent_to_the_terminal(
    cli: Cli, driver: StubDriver
) -> None:
    driver.diagnostics = make_diagnostics(
        disks=(DiskDiagnostics(target="xvda", why="no\x1b[2J"),)
    )
    assert "\x1b" not in cli("server", "diagnostics", "db").out


def test_diagnostics_of_nobody(cli: Cli, driver: StubDriver) -> None:
    driver.errors["get_instance_diagnostics"] = ServerNotFound(server="x")
    ended = cli("server", "diagnostics", "x")
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "argv",
    [
        ("host", "inventory", "-c", "Totl"),
        ("host", "traits", "-c", "Name"),
        ("server", "diagnostics", "db", "-c", "cpu"),
    ],
)
def test_a_column_that_is_not_there(cli: Cli, argv: tuple[str, ...]) -> None:
    ended = cli(*argv)
    assert ended.code == 2
    assert "there is no column" in ended.err
    assert cli.opened == []
