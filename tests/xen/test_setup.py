# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""What a guest is told reaches it on real Xen, by injection and by config drive."""

from __future__ import annotations

import ipaddress
import json
import os
import pathlib
import re
from collections.abc import Iterator

import pytest
from lab import guest_image
from lab.settings import cache_dir

from appliance.disks import run
from appliance.servers import KEY, write
from nova_xen.model import DiskFormat, GuestSetup, InjectedFile, Nic, NicAddress
from xen.conftest import GUEST, MODES, READY, SLOW, Dom0, boot

ADDRESS = "10.77.0.77"
MAC = "00:16:3e:00:00:4e"
NAME = "told.example.org"
GREETING = "/etc/nova-xen-guest.d/greeting"
#: what the guest says after it has shown all files
LAST = "NOVA-XEN-GUEST root"
PASSWORD = "secret-word"
UNTIL = ("--ram", "128", "--wait-for", LAST, "--timeout", "2400")
#: whatever way it goes: a name, a key, a password, a file
TOLD = (
    *("--hostname", NAME, "--key-file", "/root/told/key.pub"),
    *("--admin-pass-file", "/root/told/password"),
    *("--file", f"{GREETING}=/root/told/greeting"),
    *UNTIL,
)
NETWORK = ("--network", f"bridge=br0,mac={MAC},ip={ADDRESS}/24")
INJECTING = """
[DEFAULT]
use_cow_images = false
[libvirt]
inject_partition = 1
inject_key = true
inject_password = true
[xen]
guestfs_timeout = 2400
[vnc]
enabled = false
"""
WHOLE_HERE = GuestSetup(
    hostname=NAME,
    ssh_keys=(KEY,),
    admin_password=PASSWORD,
    files=(InjectedFile(path=GREETING, content=b"hello\n"),),
)
NIC_HERE = Nic(
    bridge="br0",
    mac=MAC,
    addresses=(NicAddress(address=ipaddress.ip_interface(f"{ADDRESS}/24")),),
)


@pytest.fixture(scope="module")
def told(dom0: Dom0) -> Iterator[Dom0]:
    """A host with the files that guests are told."""
    dom0.sh(
        "mkdir -p /root/told; cd /root/told; umask 077; "
        "ssh-keygen -q -t ed25519 -N '' -C me -f key; "
        f"echo {PASSWORD} >password; echo hello >greeting; "
        f"echo '#cloud-config' >user-data; printf '{INJECTING}' >inject.conf"
    )
    yield dom0
    dom0.sh("rm -rf /root/told")


@pytest.fixture(scope="module")
def key(told: Dom0) -> str:
    """The public key."""
    return told.sh("cat /root/told/key.pub").strip()


def heard(dom0: Dom0, server: str) -> dict[str, str]:
    """Files the guest shows on its console, by path; its name and root's hash."""
    log = dom0.nova_xen("server", "console", "log", server).out
    found = dict(re.findall(r"NOVA-XEN-GUEST file (\S+): (.*)", log))
    found.update(re.findall(r"(host)=(\S+)", log))
    found.update(re.findall(r"NOVA-XEN-GUEST (root) (\S+)", log))
    return found


def expect_told(seen: dict[str, str], key: str) -> None:
    """The guest shows all that was written into its disk."""
    assert seen["host"] == NAME
    assert seen[GREETING] == "hello"
    assert seen["/root/.ssh/authorized_keys"] == key
    assert seen["root"].startswith(("$y$", "$6$"))


@pytest.mark.skipif(
    not os.environ.get("NOVA_XEN_LAB_SLOW"),
    reason="libguestfs's machine takes long to start in a dom0 that is emulated",
)
@pytest.mark.parametrize("image", ["raw", "qcow2", "vhd"])
def test_injected(told: Dom0, server: str, key: str, image: str) -> None:
    made = told.nova_xen(
        *("--config-file", "/root/told/inject.conf"),
        *("server", "create", server, "--image", f"{GUEST}/guest.{image}"),
        *boot("pvh"),
        *NETWORK,
        *TOLD,
    )
    assert made.code == 0, made.err
    expect_told(heard(told, server), key)
    told.sh(f"ping -c 1 -W 60 {ADDRESS}")
    left = f"/var/log/nova-xen /var/log/libvirt /var/lib/nova /root/{server}*"
    told.sh(f"! grep -rqs {PASSWORD} {left}")


@pytest.mark.parametrize(
    "image",
    [pytest.param("raw", marks=SLOW), pytest.param("qcow2", marks=SLOW), "vhd"],
)
def test_injected_before(
    dom0: Dom0, server: str, tmp_path: pathlib.Path, image: str
) -> None:
    """The same injection, run where the emulator of the appliance is not emulated."""
    disk = tmp_path / f"instances/told/disk.{image}"
    disk.parent.mkdir(parents=True)
    source = guest_image.built(cache_dir()).disk(image)
    run("cp", "--sparse=always", source, disk)
    write(disk, WHOLE_HERE, NIC_HERE, fmt=DiskFormat(image))
    dom0.upload(disk, "/root")
    made = dom0.nova_xen(
        *("server", "create", server, "--image", f"/root/{disk.name}"),
        *("--image-format", image, *boot("pv"), *UNTIL),
        *("--network", f"bridge=br0,mac={MAC}"),
    )
    dom0.sh(f"rm /root/{disk.name}")
    assert made.code == 0, made.err
    expect_told(heard(dom0, server), KEY)
    dom0.sh(f"ping -c 1 -W 60 {ADDRESS}")


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        pytest.param("pv", "iso9660", marks=SLOW),
        ("pv", "vfat"),
        ("pvh", "iso9660"),
        pytest.param("hvm", "iso9660", marks=SLOW),
    ],
)
def test_config_drive(told: Dom0, server: str, key: str, mode: str, kind: str) -> None:
    told.sh(
        f"printf '[DEFAULT]\\nconfig_drive_format = {kind}\\n' >/root/told/drive.conf"
    )
    own = ("--property", "hw_disk_bus=scsi") if mode == "hvm" else ()
    made = told.nova_xen(
        *("--config-file", "/root/told/drive.conf"),
        *("server", "create", server, "--image", f"{GUEST}/guest.qcow2"),
        *MODES[mode],
        *own,
        *("--config-drive", "--user-data", "/root/told/user-data"),
        *("--meta", "role=web"),
        *NETWORK,
        *TOLD,
    )
    assert made.code == 0, made.err
    seen = heard(told, server)
    latest = "/run/config/openstack/latest"
    meta = json.loads(seen[f"{latest}/meta_data.json"])
    assert meta["hostname"] == NAME
    assert meta["meta"] == {"role": "web"}
    assert meta["admin_pass"] == PASSWORD
    assert list(meta["public_keys"].values()) == [key]
    assert seen[f"{latest}/user_data"] == "#cloud-config"
    networks = json.loads(seen[f"{latest}/network_data.json"])
    assert networks["networks"][0]["ip_address"].partition("/")[0] == ADDRESS
    (file,) = meta["files"]
    assert file["path"] == GREETING
    assert seen[f"/run/config/openstack{file['content_path']}"] == "hello"


def test_a_fixed_vhd(dom0: Dom0, server: str) -> None:
    """Made on the host of a dynamic one, and served by the host's QEMU."""
    own = r"[DEFAULT]\nuse_cow_images = false\n[xen]\nvhd_subformat = fixed\n"
    dom0.sh(f"printf '{own}' >/tmp/fixed.conf")
    made = dom0.nova_xen(
        *("--config-file", "/tmp/fixed.conf"),
        *("server", "create", server, "--image", f"{GUEST}/guest.vhd"),
        *("--ram", "128", "--wait-for", READY, "--timeout", "1500", *boot("pvh")),
    )
    assert made.code == 0, made.err
    uuid = dom0.told("server", "show", server)["id"]
    disk = f"/var/lib/nova/instances/{uuid}/disk"
    # a fixed one has its footer, and no copy of it at the beginning
    dom0.sh(f"! head -c 512 {disk} | grep -q conectix")
    dom0.sh(f"tail -c 512 {disk} | grep -q conectix")
