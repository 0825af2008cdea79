# SPDX-License-Identifier: Apache-2.0
"""The commands on the driver itself, over a fake libvirt."""

import pathlib

import pytest
from lxml import etree

from nova_xen import config
from nova_xen.driver import LibvirtDriver
from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat, PlanOptions
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost
from unit.cli.stub import Cli


@pytest.fixture
def instances(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "instances"


@pytest.fixture
def real(instances: pathlib.Path) -> Cli:
    fake = FakeHost(exists=lambda path: True)
    connection = Connection(
        opener=lambda uri: fake.connect(),
        deadlines=Deadlines(create=5, query=5),
        save_folder=fake.saves.path,
    )
    host = Host(
        connection=connection,
        options=PlanOptions(instances_path=str(instances)),
        shutdown_timeout=2,
    )
    return Cli(LibvirtDriver(config.load(), host=host))


@pytest.fixture
def server(tmp_path: pathlib.Path) -> list[str]:
    """Arguments for a small server."""
    image, kernel = tmp_path / "image.qcow2", tmp_path / "vmlinuz"
    qemu_img.create(str(image), DiskFormat.QCOW2, 4 * 1024**2, server="test")
    kernel.write_bytes(b"a kernel")
    return ["web", "--image", str(image), "--ram", "128", "--kernel", str(kernel)]


def test_the_life_of_a_server(
    real: Cli, server: list[str], instances: pathlib.Path
) -> None:
    made = real("server", "create", *server, "-f", "json")
    assert (made.code, made.json["status"], made.json["ram"]) == (0, "ACTIVE", 128)
    again = real("server", "create", *server)
    assert again.code == 1
    assert again.err.startswith("A server named web exists already on this host;")
    assert len(again.err.splitlines()) == 1
    for command, status in (
        ("pause", "PAUSED"),
        ("unpause", "ACTIVE"),
        ("suspend", "SUSPENDED"),
        ("resume", "ACTIVE"),
        ("suspend", "SUSPENDED"),
        ("start", "ACTIVE"),
        ("stop", "SHUTOFF"),
        ("start", "ACTIVE"),
    ):
        ended = real("server", command, "web")
        assert (ended.code, ended.err) == (0, "")
        (row,) = real("server", "list", "-f", "json").json
        assert (row["Name"], row["Status"]) == ("web", status)
    assert real("server", "pause", made.json["id"]).code == 0
    assert real("server", "pause", "web").code == 1
    assert real("server", "delete", "web").code == 0
    assert real("server", "list", "-f", "json").json == []
    assert not (instances / made.json["id"]).exists()


def test_planning_touches_nothing(
    real: Cli, server: list[str], instances: pathlib.Path
) -> None:
    dry = real("server", "create", *server, "--dry-run")
    assert (dry.code, etree.fromstring(dry.raw).findtext("name")) == (0, "web")
    reasons = real("explain", *server, "-f", "json")
    assert reasons.code == 0
    assert {row["Element"] for row in reasons.json}
    assert real("server", "list", "-f", "json").json == []
    assert not instances.exists()


@pytest.mark.parametrize(
    ("change", "start"),
    [
        ({0: "../x"}, "'../x' is no valid name for a server"),
        ({0: "a\nb"}, "'a\\nb' is no valid name for a server"),
        ({2: "/nonexistent"}, "Image /nonexistent"),
    ],
)
def test_refusals(
    real: Cli, server: list[str], change: dict[int, str], start: str
) -> None:
    for place, value in change.items():
        server[place] = value
    ended = real("server", "create", *server)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(start)
    assert len(ended.err.splitlines()) == 1


def test_the_host(real: Cli) -> None:
    host = real("host", "show", "-f", "json")
    assert host.code == 0
    assert host.json["memory_mib"] > 0


def test_resources_of_the_host(real: Cli) -> None:
    rows = real("host", "inventory", "-f", "json").json
    totals = {row["Resource Class"]: row["Total"] for row in rows}
    assert totals["MEMORY_MB"] == real("host", "show", "-f", "json").json["memory_mib"]
    traits = real("host", "traits", "-f", "json").json
    assert "COMPUTE_NODE" in {row["Trait"] for row in traits}


def test_diagnostics_of_a_server(real: Cli, server: list[str]) -> None:
    real("server", "create", *server)
    ended = real("server", "diagnostics", "web", "-f", "json")
    assert (ended.code, ended.json["state"]) == (0, "running")
    assert ended.json["memory_details"] == {"maximum": 128, "used": 128}
    (disk,) = ended.json["disk_details"]
    assert disk["read_bytes"] is None
    assert "qmp-libxenstat" in disk["why"]
