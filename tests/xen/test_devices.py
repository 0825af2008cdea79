# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""Volumes and network interfaces plugged into guests on real Xen, and taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from xen.conftest import MODES, SLOW, Dom0, boot
from xen.test_boot import QUICK, create, start
from xen.test_life import did, status

VOLUMES = "/var/lib/nova-xen-test"
#: the guest tells what it has every five seconds of its own
TOLD = """
for second in $(seq 300); do
    tail -n 1 /var/log/xen/console/guest-{0}.log | grep -q ' {1} ' && exit 0
    sleep 1
done
tail -n 3 /var/log/xen/console/guest-{0}.log
exit 1
"""


@pytest.fixture
def volumes(dom0: Dom0, server: str) -> Iterator[str]:
    """A folder with a volume of each format; gone afterwards."""
    folder = f"{VOLUMES}/{server}"
    dom0.sh(
        f"mkdir -p {folder}; cd {folder}; for format in raw qcow2 vpc; do "
        "qemu-img create -q -f $format $format.volume 16M; done"
    )
    yield folder
    dom0.sh(
        f"losetup -j {folder}/raw.volume | cut -d: -f1 | xargs -r losetup -d; "
        f"rm -rf {folder}"
    )


def tells(dom0: Dom0, server: str, words: str) -> None:
    """Wait until the guest itself says so."""
    dom0.sh(TOLD.format(server, words))


def added(dom0: Dom0, kind: str, server: str, *arguments: str) -> dict[str, Any]:
    shown: dict[str, Any] = dom0.told("server", "add", kind, server, *arguments)
    return shown


def is_connected(dom0: Dom0, server: str, device: str) -> bool:
    """Whether both sides of a device say so (XenbusStateConnected)."""
    path = f"/local/domain/{status(dom0, server)[1]}/device/{device}"
    states = dom0.sh(
        f"xenstore-read {path}/state $(xenstore-read {path}/backend)/state"
    )
    return states.split() == ["4", "4"]


def in_xenstore(dom0: Dom0, server: str, kind: str) -> list[str]:
    """The numbers of a guest's devices of a kind."""
    domid = status(dom0, server)[1]
    path = f"/local/domain/{domid}/device/{kind}"
    return sorted(dom0.sh(f"xenstore-list {path} 2>/dev/null ||:").split())


@pytest.mark.parametrize(
    ("mode", "formats"),
    [
        ("pv", ("raw", "qcow2")),
        ("pvh", ("qcow2", "vpc")),
        pytest.param("hvm", ("raw", "qcow2"), marks=SLOW),
    ],
)
def test_volumes_come_and_go(
    dom0: Dom0, server: str, volumes: str, mode: str, formats: tuple[str, str]
) -> None:
    create(dom0, server, "qcow2", *QUICK[mode])
    for target, each in zip(("xvdb", "xvdc"), formats, strict=True):
        shown = added(dom0, "volume", server, f"{volumes}/{each}.volume")
        assert (shown["device"], shown["live"]) == (target, True)
        assert shown["connected"] is not None
    tells(dom0, server, "disks=xvda,xvdb,xvdc")
    assert is_connected(dom0, server, "vbd/51728")
    assert is_connected(dom0, server, "vbd/51744")
    again = dom0.nova_xen("server", "add", "volume", server, f"{volumes}/qcow2.volume")
    assert again.code == 1
    assert "it has it already" in again.err
    did(dom0, "remove", "volume", server, "xvdb")
    did(dom0, "remove", "volume", server, f"{volumes}/{formats[1]}.volume")
    tells(dom0, server, "disks=xvda")
    assert len(in_xenstore(dom0, server, "vbd")) == 1
    did(dom0, "delete", server)
    assert dom0.left_behind() == []
    assert len(dom0.sh(f"ls {volumes}").split()) == 3


@pytest.mark.parametrize("mode", ["pv", "pvh", pytest.param("hvm", marks=SLOW)])
def test_interfaces_come_and_go(dom0: Dom0, server: str, mode: str) -> None:
    create(dom0, server, "raw", *QUICK[mode])
    before = in_xenstore(dom0, server, "vif")
    shown = added(dom0, "network", server, "bridge=br0,mac=00:16:3e:00:de:01")
    assert (shown["device"], shown["type"]) == ("00:16:3e:00:de:01", "netfront")
    assert shown["connected"] is not None
    tells(dom0, server, "nics=eth0,eth1")
    (number,) = set(in_xenstore(dom0, server, "vif")) - set(before)
    assert is_connected(dom0, server, f"vif/{number}")
    did(dom0, "remove", "network", server, "00:16:3e:00:de:01")
    assert in_xenstore(dom0, server, "vif") == before
    macs = [nic["mac"] for nic in dom0.told("server", "show", server)["networks"]]
    assert "00:16:3e:00:de:01" not in macs


def test_a_volume_given_while_off(dom0: Dom0, server: str, volumes: str) -> None:
    start(dom0, server, "qcow2", *boot("pv"))
    did(dom0, "stop", "--timeout", "0", server)
    shown = added(dom0, "volume", server, f"{volumes}/vpc.volume")
    assert (shown["live"], shown["connected"]) == (False, None)
    did(dom0, "start", server)
    tells(dom0, server, "disks=xvda,xvdb")


def test_a_device_that_is_read_only(dom0: Dom0, server: str, volumes: str) -> None:
    create(dom0, server, "raw", *boot("pv"))
    loop = dom0.sh(f"losetup --read-only --find --show {volumes}/raw.volume").strip()
    shown = added(dom0, "volume", server, loop, "--read-only")
    assert (shown["device"], shown["source"]) == ("xvdb", loop)
    tells(dom0, server, "disks=xvda,xvdb")
    assert is_connected(dom0, server, "vbd/51728")
    did(dom0, "remove", "volume", server, loop)


def test_a_medium_changes(dom0: Dom0, server: str, volumes: str) -> None:
    """The guest has nothing to boot from; its QEMU tells what is in the drive.

    libxl hands QEMU an open file, which QEMU calls /dev/fdset/0.
    """
    marked = "dd of={0} bs=1 seek=32768 conv=notrunc status=none"
    for name in ("install", "other"):
        path = f"{volumes}/{name}.iso"
        dom0.sh(
            f"truncate -s 1M {path}; printf '\\001CD001\\001' | {marked.format(path)}"
        )
    iso = ("--image", f"{volumes}/install.iso", "--image-format", "iso")
    did(*(dom0, "create", server, *iso, "--ram", "128", "--disk", "1", *MODES["hvm"]))
    held = f"ls -l /proc/[0-9]*/fd 2>/dev/null | grep -cF {volumes}/other.iso ||:"
    inside = f"xl qemu-monitor-command {server} 'info block'"
    assert dom0.sh(held).strip() == "0"
    assert "not inserted" not in dom0.sh(inside)
    did(dom0, "change", "cdrom", server, f"{volumes}/other.iso")
    assert dom0.sh(held).strip() != "0"
    assert "/dev/fdset/" in dom0.sh(inside)
    did(dom0, "change", "cdrom", server)
    assert "not inserted" in dom0.sh(inside)
    assert dom0.sh(held).strip() == "0"
    assert status(dom0, server)[0] == "ACTIVE"


def test_what_is_refused(dom0: Dom0, server: str, volumes: str) -> None:
    start(dom0, server, "qcow2", *boot("pvh"))
    did(dom0, "pause", server)
    refused = {
        ("volume", server, f"{volumes}/raw.volume"): "while it is paused",
        ("network", server, "bridge=br0"): "while it is paused",
    }
    _all_refused(dom0, refused)
    did(dom0, "unpause", server)
    refused = {
        ("volume", server, "/nowhere/volume"): "No such file or directory",
        ("volume", server, "/dev/null"): "neither a regular file nor a block device",
        ("network", server, "bridge=nobr"): "no bridge nobr",
    }
    _all_refused(dom0, refused)
    assert in_xenstore(dom0, server, "vbd") == ["51712"]


def _all_refused(dom0: Dom0, refused: dict[tuple[str, str, str], str]) -> None:
    for words, why in refused.items():
        done = dom0.nova_xen("server", "add", *words)
        assert done.code == 1
        assert why in done.err
        assert len(done.err.strip().splitlines()) == 1
