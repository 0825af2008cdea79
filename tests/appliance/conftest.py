# SPDX-License-Identifier: Apache-2.0
"""Tests that start libguestfs's appliance: some ten seconds each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import processes
from appliance.disks import file_system, partitioned, small_system


@pytest.fixture(scope="session", autouse=True)
def root() -> None:
    """Guests have files of root's."""
    if os.geteuid() != 0:
        pytest.fail("the tests with libguestfs make files of root's: run them as root")


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """The folder of an instance, with room beside it for what others need."""
    folder = tmp_path / "instances" / "8f3a5e5c-0d5e-4d5e-9c53-0a1b2c3d4e5f"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The tree of a small system."""
    folder = tmp_path / "system"
    folder.mkdir()
    return small_system(folder)


@pytest.fixture(scope="module")
def module_system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a tree for all tests of a module."""
    return small_system(tmp_path_factory.mktemp("system"))


@pytest.fixture
def disk(tmp_path: Path, instance: Path, system: Path) -> Path:
    """A raw disk with this system in its one partition."""
    made = file_system("ext4", tmp_path / "part.ext4", system)
    return partitioned(instance / "disk", [made])


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """Whatever a test does: no process, no socket, no folder stays."""
    before = processes.sockets()
    yield
    assert processes.workers(tmp_path) == []
    assert processes.sockets() <= before
    assert list(tmp_path.rglob(".injection")) == []
