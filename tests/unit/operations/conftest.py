# SPDX-License-Identifier: Apache-2.0
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.images.tools import qemu_img
from nova_xen.model import DiskFormat, Flavor, Plan, PlanOptions
from nova_xen.operations import spawn
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest, build_instance
from nova_xen.testing import FakeHost, FakeToolstack

MIB = 1024**2


@pytest.fixture
def fake() -> FakeHost:
    return FakeHost(exists=lambda path: True)


@pytest.fixture
def instances(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "instances"


@pytest.fixture
def host(fake: FakeHost, instances: pathlib.Path) -> Host:
    return Host(
        connection=Connection(
            opener=lambda uri: fake.connect(),
            deadlines=Deadlines(create=5, query=5),
            save_folder=fake.saves.path,
        ),
        toolstack=lambda: FakeToolstack(fake),
        options=PlanOptions(instances_path=str(instances)),
        shutdown_timeout=2,
        reboot_timeout=2,
    )


@pytest.fixture(scope="session")
def _blank(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("blank") / "image.qcow2"
    qemu_img.create(str(path), DiskFormat.QCOW2, 4 * MIB, server="test")
    return path


@pytest.fixture
def image(tmp_path: pathlib.Path, _blank: pathlib.Path) -> str:
    path = tmp_path / "image.qcow2"
    shutil.copy(_blank, path)
    return str(path)


@pytest.fixture
def kernel(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "vmlinuz"
    path.write_bytes(b"a kernel")
    return str(path)


@pytest.fixture
def make_plan(host: Host, image: str, kernel: str) -> Callable[..., Plan]:
    def make(name: str = "web", **flavor: Any) -> Plan:
        given: dict[str, Any] = {"vcpus": 1, "memory_mib": 128, **flavor}
        request = CreateRequest(
            name=name, image=image, flavor=Flavor(**given), kernel=kernel
        )
        return spawn.plan(host, build_instance(request))

    return make


@pytest.fixture
def left(fake: FakeHost, instances: pathlib.Path) -> Callable[[], list[str]]:
    """Names of what is there of any server: domains and folders."""

    def find() -> list[str]:
        connection = fake.connect()
        domains = [d.name() for d in connection.listAllDomains() if d.ID() != 0]
        shared = ("_base", "locks")
        folders = [p.name for p in instances.glob("*") if p.name not in shared]
        return sorted(domains + folders)

    return find
