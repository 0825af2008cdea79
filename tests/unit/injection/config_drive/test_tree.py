# SPDX-License-Identifier: Apache-2.0
"""The files of a config drive: which version has which, and what is in them."""

import base64
import json
from typing import Any

import pytest

from golden.builders import PV, UUID, image, instance
from nova_xen.injection.config_drive.openstack import VERSIONS
from nova_xen.injection.config_drive.tree import drive_files
from nova_xen.model import DiskKind, GuestSetup, Instance
from unit.injection.config_drive.servers import DEVICES, SECRET, SETUP, server
from unit.planning.keys import ED25519, RSA

SEED = bytes(range(256)) * 2
NETWORK = b"auto lo\n"


def tree(of: Instance, network_file: bytes | None = None) -> dict[str, bytes]:
    return drive_files(of, DEVICES, SEED, network_file)


def read(files: dict[str, bytes], path: str) -> Any:
    return json.loads(files[path])


#: by the first version that has it, as Nova 34 does
SINCE = {
    "meta_data.json": "2012-08-10",
    "user_data": "2012-08-10",
    "vendor_data.json": "2013-10-17",
    "network_data.json": "2015-10-15",
    "vendor_data2.json": "2016-10-06",
}
KEYS_SINCE = {
    **dict.fromkeys(
        (
            *("uuid", "meta", "files", "admin_pass", "public_keys", "keys"),
            *("hostname", "name", "launch_index", "availability_zone"),
        ),
        "2012-08-10",
    ),
    "random_seed": "2013-04-04",
    "devices": "2016-06-30",
    "dedicated_cpus": "2020-10-14",
}


def test_the_versions() -> None:
    folders = {path.split("/")[1] for path in tree(server()) if path[0] == "o"}
    assert folders == {*VERSIONS, "latest", "content"}
    assert (
        *("2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2016-06-30"),
        *("2016-10-06", "2017-02-22", "2018-08-27", "2020-10-14", "2025-04-04"),
    ) == VERSIONS


@pytest.mark.parametrize("version", [*VERSIONS, "latest"])
def test_what_each_version_has(version: str) -> None:
    files = tree(server())
    number = VERSIONS[-1] if version == "latest" else version
    expected = {name for name, since in SINCE.items() if since <= number}
    start = f"openstack/{version}/"
    assert {p.removeprefix(start) for p in files if p.startswith(start)} == expected
    keys = {name for name, since in KEYS_SINCE.items() if since <= number}
    assert set(read(files, f"{start}meta_data.json")) == keys


def test_what_the_guest_is_told() -> None:
    told = read(tree(server()), "openstack/latest/meta_data.json")
    assert base64.b64decode(told.pop("random_seed")) == SEED
    assert told == {
        "uuid": UUID,
        "name": "web1",
        "hostname": "web.example.org",
        "launch_index": 0,
        "availability_zone": "nova",
        "meta": {"role": "web", "größe": "ü"},
        "admin_pass": SECRET,
        "public_keys": {"key0": ED25519, "key1": RSA},
        "keys": [
            {"name": "key0", "type": "ssh", "data": ED25519},
            {"name": "key1", "type": "ssh", "data": RSA},
        ],
        "files": [
            {"path": "/etc/motd", "content_path": "/content/0000"},
            {"path": "/srv/all bytes", "content_path": "/content/0001"},
            {"path": "/srv/empty", "content_path": "/content/0002"},
        ],
        "devices": [],
        "dedicated_cpus": [],
    }


def test_files_are_where_their_paths_say() -> None:
    files = tree(server())
    told = read(files, "openstack/latest/meta_data.json")["files"]
    found = {each["path"]: files[f"openstack{each['content_path']}"] for each in told}
    assert found == {file.path: file.content for file in SETUP.files}


def test_a_network_file_comes_first() -> None:
    files = tree(server(), NETWORK)
    told = read(files, "openstack/latest/meta_data.json")
    assert told["network_config"] == {
        "name": "network_config",
        "content_path": "/content/0000",
    }
    assert files["openstack/content/0000"] == NETWORK
    assert told["files"][0]["content_path"] == "/content/0001"
    assert files["openstack/content/0001"] == b"hello\n"


def test_user_data_and_vendor_data() -> None:
    files = tree(server())
    vendor_data = SETUP.vendor_data
    for version in ("openstack/2016-10-06", "openstack/latest"):
        assert files[f"{version}/user_data"] == SETUP.user_data
        assert read(files, f"{version}/vendor_data.json") == vendor_data
        assert read(files, f"{version}/vendor_data2.json") == {"static": vendor_data}


def test_a_guest_that_is_told_nothing() -> None:
    files = tree(instance(PV, name="Web_1"))
    told = read(files, "openstack/latest/meta_data.json")
    assert set(told) == {
        *("uuid", "name", "hostname", "launch_index", "availability_zone"),
        *("random_seed", "devices", "dedicated_cpus"),
    }
    assert told["hostname"] == "web-1"
    assert not [path for path in files if "user" in path or "content" in path]
    assert read(files, "openstack/latest/vendor_data.json") == {}
    nothing: dict[str, list[str]] = {"links": [], "networks": [], "services": []}
    assert read(files, "openstack/latest/network_data.json") == nothing
    assert "public-keys" not in read(files, "ec2/latest/meta-data.json")


@pytest.mark.parametrize("version", ["2009-04-04", "latest"])
def test_in_the_form_of_ec2(version: str) -> None:
    files = tree(server())
    assert files[f"ec2/{version}/user-data"] == SETUP.user_data
    assert read(files, f"ec2/{version}/meta-data.json") == {
        "ami-id": "",
        "ami-launch-index": 0,
        "ami-manifest-path": "",
        "block-device-mapping": {
            "ami": "xvda",
            "root": "/dev/xvda",
            "swap": "/dev/xvdb",
        },
        "hostname": "web.example.org",
        "instance-action": "none",
        "instance-id": UUID,
        "instance-type": "small",
        "local-hostname": "web.example.org",
        "local-ipv4": "192.0.2.5",
        "placement": {"availability-zone": "nova"},
        "public-hostname": "web.example.org",
        "public-ipv4": "",
        "public-keys": {
            "0": {"_name": "0=key0", "openssh-key": ED25519},
            "1": {"_name": "1=key1", "openssh-key": RSA},
        },
        "reservation-id": "",
        "security-groups": [],
    }


def test_a_server_without_disks_of_its_own() -> None:
    of = instance(image=image(PV, id="an-id"), setup=GuestSetup())
    files = drive_files(of, {DiskKind.EPHEMERAL: "/dev/xvdb"}, SEED)
    told = read(files, "ec2/latest/meta-data.json")
    assert told["block-device-mapping"] == {"ephemeral0": "/dev/xvdb"}
    assert (told["ami-id"], told["local-ipv4"]) == ("an-id", "")
