# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""What a guest is told reaches it on real Xen, by injection and by config drive."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import pytest

from xen.conftest import GUEST, MODES, Dom0

ADDRESS = "10.77.0.77"
#: what the guest says after it has shown all files
LAST = "NOVA-XEN-GUEST root"
PASSWORD = "secret-word"
#: whatever way it goes: a name, a key, a password, a file
TOLD = (
    *("--hostname", "told.example.org", "--key-file", "/root/told/key.pub"),
    *("--admin-pass-file", "/root/told/password"),
    *("--file", "/etc/nova-xen-guest.d/greeting=/root/told/greeting"),
    *("--ram", "192", "--wait-for", LAST, "--timeout", "1500"),
)
NETWORK = f"bridge=br0,mac=00:16:3e:00:00:4e,ip={ADDRESS}/24"
INJECTING = """
[DEFAULT]
use_cow_images = false
[libvirt]
inject_partition = 1
inject_key = true
inject_password = true
[xen]
guestfs_timeout = 1500
[vnc]
enabled = false
"""


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


@pytest.mark.skipif(
    not os.environ.get("NOVA_XEN_LAB_SLOW"),
    reason="libguestfs's machine takes long to start in a dom0 that is emulated",
)
@pytest.mark.parametrize("image", ["raw", "qcow2", "vhd"])
def test_injected(told: Dom0, server: str, key: str, image: str) -> None:
    made = told.run(
        *("nova-xen", "--config-file", "/root/told/inject.conf"),
        *("server", "create", server, "--image", f"{GUEST}/guest.{image}"),
        *MODES["pvh"],
        *("--network", NETWORK),
        *TOLD,
    )
    assert made.code == 0, made.err
    seen = heard(told, server)
    assert seen["host"] == "told.example.org"
    assert seen["/etc/nova-xen-guest.d/greeting"] == "hello"
    assert seen["/root/.ssh/authorized_keys"] == key
    assert seen["root"].startswith(("$y$", "$6$"))
    told.sh(f"ping -c 1 -W 60 {ADDRESS}")
    left = f"/var/log/nova-xen /var/log/libvirt /var/lib/nova /root/{server}*"
    told.sh(f"! grep -rqs {PASSWORD} {left}")


@pytest.mark.parametrize("mode", ["pv", "pvh"])
def test_config_drive(told: Dom0, server: str, key: str, mode: str) -> None:
    made = told.run(
        *("nova-xen", "server", "create", server, "--image", f"{GUEST}/guest.qcow2"),
        *MODES[mode],
        *("--network", NETWORK, "--config-drive"),
        *("--user-data", "/root/told/user-data", "--meta", "role=web"),
        *TOLD,
    )
    assert made.code == 0, made.err
    seen = heard(told, server)
    latest = "/run/config/openstack/latest"
    meta = json.loads(seen[f"{latest}/meta_data.json"])
    assert meta["hostname"] == "told.example.org"
    assert meta["meta"] == {"role": "web"}
    assert meta["admin_pass"] == PASSWORD
    assert list(meta["public_keys"].values()) == [key]
    assert seen[f"{latest}/user_data"] == "#cloud-config"
    networks = json.loads(seen[f"{latest}/network_data.json"])
    assert networks["networks"][0]["ip_address"].partition("/")[0] == ADDRESS
    assert seen["/run/config/openstack/content/0000"] == "hello"
