# SPDX-License-Identifier: Apache-2.0
"""Devices as xenstore has them."""

import pathlib
from collections.abc import Iterator

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.frontends import disk_path, interface_path, read_frontend
from nova_xen.hypervisor.xenstore import Xenstore
from nova_xen.model import Frontend
from unit.hypervisor.fake_xenstored import Xenstored

DISK = "/local/domain/7/device/vbd/51728"
VIFS = "/local/domain/7/device/vif"
BACK = "/local/domain/0/backend/qdisk/7/51728"


@pytest.fixture
def xenstored(tmp_path: pathlib.Path) -> Iterator[Xenstored]:
    with Xenstored(tmp_path / "xenstored") as made:
        yield made


@pytest.fixture
def xenstore(xenstored: Xenstored) -> Iterator[Xenstore]:
    made = Xenstore((xenstored.path,))
    yield made
    made.release()


def test_where_a_disk_is() -> None:
    assert disk_path(7, 51728) == DISK


@pytest.mark.parametrize(
    ("nodes", "guest", "host"),
    [
        ({"state": "4", "backend": BACK, BACK: "4"}, 4, 4),
        ({"state": "1", "backend": BACK}, 1, None),
        ({"state": "1"}, 1, None),
        ({"state": "", "backend": BACK, BACK: "x"}, None, None),
        ({"state": "²", "backend": BACK, BACK: "-1"}, None, None),
        ({}, None, None),
    ],
)
def test_states_of_both_sides(
    xenstored: Xenstored,
    xenstore: Xenstore,
    nodes: dict[str, str],
    guest: int | None,
    host: int | None,
) -> None:
    for name, value in nodes.items():
        path = f"{BACK}/state" if name == BACK else f"{DISK}/{name}"
        xenstored.nodes[path] = value
    assert read_frontend(xenstore, DISK) == Frontend(guest=guest, host=host)


def test_an_interface_is_found_by_its_address(
    xenstored: Xenstored, xenstore: Xenstore
) -> None:
    assert interface_path(xenstore, 7, "00:16:3e:00:00:0a") is None
    xenstored.nodes |= {
        f"{VIFS}/0/mac": "00:16:3e:00:00:01",
        f"{VIFS}/1/state": "1",
        f"{VIFS}/2/mac": "00:16:3E:00:00:0A",
    }
    assert interface_path(xenstore, 7, "00:16:3e:00:00:0a") == f"{VIFS}/2"
    assert interface_path(xenstore, 8, "00:16:3e:00:00:0a") is None


def test_a_silent_xenstored_is_told(xenstored: Xenstored, xenstore: Xenstore) -> None:
    assert read_frontend(xenstore, DISK) == Frontend(guest=None, host=None)
    xenstored.die()
    with pytest.raises(exceptions.ToolstackFailed):
        read_frontend(xenstore, DISK)
