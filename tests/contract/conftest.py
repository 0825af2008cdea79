# SPDX-License-Identifier: Apache-2.0
"""One suite, three tiers: `pytest tests/contract --tier fake|libxl|lab`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from contract import documents
from contract.recorder import Recorder
from contract.tiers.base import Tier
from contract.tiers.fake import FakeTier
from libxl.rig import settings

# Not one of the guests that are removed after each test.
IDLE = "idle-contract"


def _started(name: str, folder: Path) -> Tier:
    if name == "lab":
        from contract.tiers.lab import LabTier

        return LabTier()
    if missing := settings.missing_prerequisites():
        raise pytest.UsageError(f"--tier libxl needs {', '.join(missing)}")
    from contract.tiers.libxl import LibxlTier

    return LibxlTier(folder)


@pytest.fixture(scope="session")
def real_host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tier | None]:
    """The host all tests share; none for the fake, which is cheap to make."""
    name = request.config.getoption("--tier")
    if name == "fake":
        yield None
        return
    tier = _started(name, tmp_path_factory.mktemp("xen"))
    yield tier
    with contextlib.suppress(libvirt.libvirtError):
        tier.connection.lookupByName(IDLE).destroy()
    tier.close()


@pytest.fixture
def xen(real_host: Tier | None, tmp_path: Path) -> Iterator[Tier]:
    """A Xen host without guests of these tests."""
    tier = real_host or FakeTier(tmp_path)
    tier.clean(tier.connection)
    yield tier
    tier.clean(tier.connection)


@pytest.fixture
def events(xen: Tier) -> Iterator[Recorder]:
    """The life-cycle events since the test began."""
    recorder = xen.record()
    yield recorder
    recorder.stop()


@pytest.fixture
def defined(xen: Tier) -> Any:
    """A small PV guest that is defined and does not run."""
    return xen.connection.defineXML(documents.guest(xen))


@pytest.fixture
def idle(xen: Tier) -> Any:
    """A small PV guest that runs and that tests share: they change nothing of it."""
    with contextlib.suppress(libvirt.libvirtError):
        return xen.connection.lookupByName(IDLE)
    text = documents.guest(xen, name=IDLE, identity=None)
    return xen.connection.createXML(text)


@pytest.fixture
def running(defined: Any) -> Any:
    """A small PV guest that runs."""
    defined.create()
    return defined
