# SPDX-License-Identifier: Apache-2.0
"""Private libvirtds over simulated Xen hosts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from libxl.rig import settings
from libxl.rig.daemon import Daemon
from libxl.rig.loop import start_event_loop


@pytest.fixture(scope="session", autouse=True)
def rig() -> None:
    """Refuse to pass where the rig cannot run."""
    if missing := settings.missing_prerequisites():
        pytest.fail(f"the tests over libvirtd need {', '.join(missing)}")
    start_event_loop()


@pytest.fixture
def xen1(tmp_path: Path) -> Iterator[Daemon]:
    """A host of its own for the test."""
    with Daemon(tmp_path / "xen1") as daemon:
        yield daemon


@pytest.fixture
def xen2(tmp_path: Path) -> Iterator[Daemon]:
    """A second host, to migrate to."""
    with Daemon(tmp_path / "xen2", hostname="xen2") as daemon:
        yield daemon


@pytest.fixture
def connection(xen1: Daemon) -> Iterator[Any]:
    """A connection to the first host, closed before its daemon ends."""
    made = libvirt.open(xen1.uri)
    yield made
    with contextlib.suppress(libvirt.libvirtError):
        made.close()


@pytest.fixture
def boot_file(tmp_path: Path) -> str:
    """A file to stand for a kernel: Xen looks whether it is there."""
    file = tmp_path / "kernel"
    file.touch()
    return str(file)
