# SPDX-License-Identifier: Apache-2.0
"""A Xen host that is not real, with a file on it that is."""

import pathlib

import pytest

from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.model import MIB, ImageOptions, PlanOptions
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost
from unit.attacks.scene import WORDS, Scene
from unit.images.hostile import pointing_at, qemu


@pytest.fixture
def canary(tmp_path: pathlib.Path) -> pathlib.Path:
    """Alone in its folder, which is watched."""
    path = tmp_path / "secret" / "canary"
    path.parent.mkdir()
    return path


@pytest.fixture
def hostile(tmp_path: pathlib.Path, canary: pathlib.Path) -> list[pathlib.Path]:
    """All images that name the canary; ``mapped`` has its words where its data is."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    mapped = folder / "mapped"
    options = f"data_file={canary},data_file_raw=on,preallocation=metadata"
    qemu("qcow2", "-o", options)(mapped)
    canary.write_bytes(WORDS.ljust(MIB, b"."))
    return [*pointing_at(canary, folder), mapped]


@pytest.fixture
def scene(
    tmp_path: pathlib.Path, canary: pathlib.Path, hostile: list[pathlib.Path]
) -> Scene:
    folder, kernel = tmp_path / "attacker", tmp_path / "vmlinuz"
    folder.mkdir()
    kernel.write_bytes(b"a kernel")
    fake = FakeHost(exists=lambda path: True)
    host = Host(
        connection=Connection(
            opener=lambda uri: fake.connect(), deadlines=Deadlines(create=5, query=5)
        ),
        options=PlanOptions(instances_path=str(tmp_path / "instances")),
        images=ImageOptions(attempts=1, timeout=5),
        shutdown_timeout=2,
        reboot_timeout=2,
    )
    return Scene(
        host=host,
        fake=fake,
        canary=canary,
        folder=folder,
        hostile={path.name: path for path in hostile},
        kernel=kernel,
    )
