# SPDX-License-Identifier: Apache-2.0
"""Bridges from a /sys and an ovs-vsctl of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nova_xen.model import BridgeFacts
from nova_xen.network import bridges
from nova_xen.network.bridges import host_bridges, linux_bridges, openvswitch_bridges


def device(root: Path, name: str, mtu: str = "1500", *, bridge: bool = False) -> None:
    folder = root / name
    folder.mkdir()
    (folder / "mtu").write_text(f"{mtu}\n")
    if bridge:
        (folder / "bridge").mkdir()


def ovs(folder: Path, script: str) -> str:
    path = folder / "ovs-vsctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def sys_class_net(tmp_path: Path) -> Path:
    root = tmp_path / "net"
    root.mkdir()
    device(root, "eth0")
    device(root, "br0", bridge=True)
    device(root, "xenbr1", "9000", bridge=True)
    device(root, "br-int", "1450")
    return root


def test_linux_bridges_alone(sys_class_net: Path) -> None:
    assert host_bridges(sys_class_net, ovs_vsctl="no-such-program") == {
        "br0": BridgeFacts(name="br0", mtu=1500),
        "xenbr1": BridgeFacts(name="xenbr1", mtu=9000),
    }


def test_open_vswitch_too(sys_class_net: Path, tmp_path: Path) -> None:
    program = ovs(tmp_path, 'test "$2" = list-br && echo br-int && echo br-gone')
    found = host_bridges(sys_class_net, ovs_vsctl=program, ovs_socket=tmp_path)
    assert set(found) == {"br0", "xenbr1", "br-int", "br-gone"}
    assert found["br-int"] == BridgeFacts(name="br-int", mtu=1450, openvswitch=True)
    assert found["br-gone"].mtu == 1500
    assert not found["br0"].openvswitch


def test_no_devices(tmp_path: Path) -> None:
    assert linux_bridges(tmp_path) == {}


@pytest.mark.parametrize("mtu", ["", "many"])
def test_an_mtu_nobody_reads(tmp_path: Path, mtu: str) -> None:
    device(tmp_path, "br0", mtu, bridge=True)
    assert linux_bridges(tmp_path)["br0"].mtu == 1500


@pytest.mark.parametrize("script", ["echo br-int; exit 1", "exec sleep 600"])
def test_an_open_vswitch_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(bridges, "OVS_TIMEOUT", 0.1)
    assert openvswitch_bridges(ovs(tmp_path, script), tmp_path) == ()


def test_open_vswitch_is_given_a_time_limit(tmp_path: Path) -> None:
    program = ovs(tmp_path, 'echo "$1"')
    assert openvswitch_bridges(program, tmp_path) == ("--timeout=10",)


def test_a_stopped_open_vswitch_is_not_asked(tmp_path: Path) -> None:
    program = ovs(tmp_path, "echo br-int")
    assert openvswitch_bridges(program, tmp_path / "db.sock") == ()
