# SPDX-License-Identifier: Apache-2.0
"""Debian's cloud-init finds everything on a config drive (see tools/cloud-init)."""

import importlib
import pathlib
from typing import Any

import pytest

from golden.builders import UUID
from unit.injection.config_drive.readers import UNPACKERS
from unit.injection.config_drive.servers import SECRET, SETUP, make, server
from unit.planning.keys import ED25519, RSA

ROOT = pathlib.Path(__file__).parents[4]
PACKAGES = ROOT / ".cache/cloud-init/usr/lib/python3/dist-packages"
MACS = {"00:16:3e:11:22:33": "eth0", "00:16:3e:aa:bb:cc": "eth1"}

pytestmark = pytest.mark.skipif(
    not PACKAGES.is_dir(), reason="cloud-init is not unpacked: run tools/cloud-init"
)


def cloud_init(module: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(PACKAGES))
    return importlib.import_module(f"cloudinit.{module}")


@pytest.fixture(params=UNPACKERS)
def found(
    request: pytest.FixtureRequest,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """What its data source for config drives reads from ours."""
    source = cloud_init("sources.DataSourceConfigDrive", monkeypatch)
    drive = make(tmp_path, request.param, server())
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    UNPACKERS[request.param](drive, mounted)
    return source.read_config_drive(str(mounted))


def test_what_it_reads(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found["version"] == 2
    told = found["metadata"]
    assert told["instance-id"] == UUID
    assert told["local-hostname"] == "web.example.org"
    assert told["admin_pass"] == SECRET
    keys = cloud_init("sources", monkeypatch).normalize_pubkey_data
    assert keys(told["public_keys"]) == [ED25519, RSA]
    assert len(told["random_seed"]) == 512
    assert found["userdata"] == SETUP.user_data
    assert found["vendordata"] == SETUP.vendor_data
    assert found["vendordata2"] == {"static": SETUP.vendor_data}
    assert found["files"] == {file.path: file.content for file in SETUP.files}
    assert found["ec2-metadata"]["block-device-mapping"]["swap"] == "/dev/xvdb"


def test_what_it_makes_of_the_network(
    found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    helpers = cloud_init("sources.helpers.openstack", monkeypatch)
    state = cloud_init("net.network_state", monkeypatch)
    made = helpers.convert_net_json(found["networkdata"], known_macs=MACS)
    parsed = state.parse_net_config_data(made)
    first, second = parsed.iter_interfaces()
    assert (first["name"], first["mtu"]) == ("eth0", 1400)
    four, six = first["subnets"]
    assert (four["type"], four["address"]) == ("static", "192.0.2.5")
    assert (six["type"], six["address"]) == ("static6", "2001:db8::5")
    assert (four["prefix"], six["prefix"]) == (24, 64)
    assert [route["gateway"] for route in four["routes"]] == ["192.0.2.1"]
    assert [route["gateway"] for route in six["routes"]] == ["fe80::1"]
    assert [subnet["type"] for subnet in second["subnets"]] == ["dhcp4"]
    assert set(parsed.dns_nameservers) == {"192.0.2.53", "2001:db8::53"}
