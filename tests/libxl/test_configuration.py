# SPDX-License-Identifier: Apache-2.0
"""What of a definition reaches libxl, read from libxl's own configuration."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from libxl.rig.daemon import Daemon
from libxl.rig.guests import guest

Configured = Callable[..., dict[str, Any]]
DISK = (
    '<disk type="file" device="disk"><driver name="qemu" type="{}"/>'
    '<source file="/images/a"/><target dev="xvda" bus="xen"/></disk>'
)


@pytest.fixture
def configured(xen1: Daemon, connection: Any, boot_file: str) -> Configured:
    """Start a guest and return what libxl was told of it."""

    def start(*changes: tuple[str, str], **parts: Any) -> dict[str, Any]:
        text = guest("told", boot_file, **parts)
        for old, new in changes:
            text = text.replace(old, new)
        connection.createXML(text)
        return xen1.created("told")

    return start


def test_shares_arrive_as_weight(configured: Configured) -> None:
    made = configured(extra="<cputune><shares>300</shares></cputune>")
    assert made["b_info"]["sched_params"]["weight"] == 300


def test_without_shares_xen_decides(configured: Configured) -> None:
    assert configured()["b_info"]["sched_params"] == {}


def test_quota_does_not_arrive(configured: Configured) -> None:
    quota = "<cputune><period>100000</period><quota>50000</quota></cputune>"
    assert configured(extra=quota)["b_info"]["sched_params"] == {}


def test_vcpupin_arrives(configured: Configured) -> None:
    made = configured(extra='<cputune><vcpupin vcpu="0" cpuset="1-2"/></cputune>')
    assert made["b_info"]["vcpu_hard_affinity"] == [[1, 2]]


def test_cpuset_of_vcpu_does_not_arrive(configured: Configured) -> None:
    made = configured(("<vcpu>1", '<vcpu cpuset="1">1'))
    assert "vcpu_hard_affinity" not in made["b_info"]


@pytest.mark.parametrize("image", ["raw", "qcow2", "vhd"])
def test_disk_formats_arrive(configured: Configured, image: str) -> None:
    [disk] = configured(devices=DISK.format(image))["disks"]
    assert (disk["pdev_path"], disk["format"], disk["backend"]) == (
        "/images/a",
        image,
        "qdisk",
    )


def test_memory_arrives_in_kib(configured: Configured) -> None:
    made = configured(memory_mib=160)["b_info"]
    assert made["max_memkb"] == made["target_memkb"] == 160 * 1024


@pytest.mark.parametrize(
    ("os_type", "kind"), [("linux", "pv"), ("xenpvh", "pvh"), ("hvm", "hvm")]
)
def test_kinds_of_guests(configured: Configured, os_type: str, kind: str) -> None:
    assert configured(kind=os_type)["c_info"]["type"] == kind


def test_a_guest_that_does_not_restart(configured: Configured) -> None:
    made = configured(extra="<on_reboot>destroy</on_reboot>")
    assert made.get("on_reboot", "destroy") == "destroy"


def test_a_bridge_and_its_address_arrive(configured: Configured) -> None:
    nic = (
        '<interface type="bridge"><mac address="00:16:3e:00:00:07"/>'
        '<source bridge="br7"/></interface>'
    )
    [made] = configured(devices=nic)["nics"]
    assert (made["mac"], made["bridge"]) == ("00:16:3e:00:00:07", "br7")


def test_a_tag_of_open_vswitch_arrives_behind_the_bridge(
    configured: Configured,
) -> None:
    nic = (
        '<interface type="bridge"><source bridge="br-int"/><vlan><tag id="42"/></vlan>'
        '<virtualport type="openvswitch"><parameters '
        'interfaceid="aaaaaaaa-0000-4000-8000-000000000001"/></virtualport></interface>'
    )
    [made] = configured(devices=nic)["nics"]
    assert (made["bridge"], made["script"]) == ("br-int.42", "vif-openvswitch")


def test_bandwidth_arrives(configured: Configured) -> None:
    nic = (
        '<interface type="bridge"><source bridge="br7"/>'
        '<bandwidth><inbound average="7"/>'
        '<outbound average="1000" peak="9" burst="64"/></bandwidth></interface>'
    )
    [made] = configured(devices=nic)["nics"]
    assert set(made) == {
        *("devid", "mac", "bridge", "nictype"),
        *("rate_bytes_per_interval", "rate_interval_usecs"),
    }
    kib = made["rate_bytes_per_interval"] * 1_000_000 // made["rate_interval_usecs"]
    assert kib == 1000 * 1024


def test_enlightenments_of_windows_do_not_arrive(configured: Configured) -> None:
    features = (
        '<features><pae/><viridian/><hyperv><relaxed state="on"/></hyperv></features>'
    )
    told = str(configured(kind="hvm", extra=features))
    assert "pae" in told
    assert not {"viridian", "hyperv", "relaxed"} & set(re.findall(r"[a-z]+", told))
