# SPDX-License-Identifier: Apache-2.0
"""A base that nobody uses yet, and servers that lie upon it."""

import pathlib
import time
from collections.abc import Callable

import pytest

from nova_xen.images import make_disk
from nova_xen.images.cache.bases import held_base
from nova_xen.images.cache.record import read_record
from nova_xen.model import MIB, DiskFormat, DiskKind, DiskPlan
from unit.images.sums import finish_sums

QCOW2 = DiskFormat.QCOW2
SIZE = MIB
Image = Callable[..., pathlib.Path]


@pytest.fixture
def base(image: Image, instances_path: str) -> pathlib.Path:
    """A base that nobody uses, with its checksum."""
    path = str(image(QCOW2, SIZE))
    with held_base(path, QCOW2, "x", instances_path=instances_path, server="a") as base:
        pass
    finish_sums()
    assert read_record(base).checksum is not None
    return pathlib.Path(base)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def make_server(
    image: pathlib.Path, folder: pathlib.Path, **changes: object
) -> DiskPlan:
    plan = DiskPlan(
        kind=DiskKind.ROOT,
        path=str(folder / "disk"),
        format=QCOW2,
        size=SIZE,
        base=str(image),
        base_format=QCOW2,
        overlay=True,
        **changes,  # type: ignore[arg-type]
    )
    make_disk(plan, server="a", instances_path=str(folder.parent), image_id="x")
    return plan
