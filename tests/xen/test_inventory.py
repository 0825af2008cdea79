# SPDX-License-Identifier: Apache-2.0
# Requirements: xen1 up
"""The host's resources and a server's counters, beside what Xen's own tools tell."""

from __future__ import annotations

import time
from typing import Any

from xen.conftest import Dom0, boot
from xen.test_boot import create, start

GUEST_MIB = 128
#: MiB: shadow memory, page tables, libxl's slack, and a device model's video memory
OVERHEAD_MIB = 48
#: seconds for Xen to have a dead guest's memory back
FREED_SECONDS = 60


def inventory(dom0: Dom0) -> dict[str, dict[str, Any]]:
    return {row["Resource Class"]: row for row in dom0.told("host", "inventory")}


def xl_info(dom0: Dom0) -> dict[str, str]:
    lines = (line.partition(":") for line in dom0.sh("xl info").splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def used(dom0: Dom0) -> int:
    return int(inventory(dom0)["MEMORY_MB"]["Used"])


def test_memory_and_cpus_are_xens(dom0: Dom0, server: str) -> None:
    told, info = inventory(dom0), xl_info(dom0)
    assert told["VCPU"]["Total"] == int(info["nr_cpus"])
    memory = told["MEMORY_MB"]
    assert memory["Total"] == int(info["total_memory"])
    # Domain-0 has a fixed memory here, so nothing but what Xen has free is free
    free = memory["Total"] - memory["Used"]
    assert abs(free - int(info["free_memory"])) <= 2
    assert told["DISK_GB"]["Total"] > 0
    vcpus = told["VCPU"]["Used"]
    start(dom0, server, "qcow2", *boot("pvh"))
    after = inventory(dom0)
    assert after["VCPU"]["Used"] == vcpus + 1
    grown = after["MEMORY_MB"]["Used"] - memory["Used"]
    assert GUEST_MIB <= grown <= GUEST_MIB + OVERHEAD_MIB
    # what placement would have left is what Xen has free
    left = after["MEMORY_MB"]["Total"] - after["MEMORY_MB"]["Reserved"] - GUEST_MIB
    assert abs(left - int(xl_info(dom0)["free_memory"])) <= 2
    assert dom0.nova_xen("server", "delete", server).code == 0
    end = time.monotonic() + FREED_SECONDS
    while (now := used(dom0)) > memory["Used"] + 2 and time.monotonic() < end:
        time.sleep(1)
    assert abs(now - memory["Used"]) <= 2


def test_traits_are_of_this_host(dom0: Dom0) -> None:
    names = {row["Trait"] for row in dom0.told("host", "traits")}
    assert {
        *("COMPUTE_NODE", "COMPUTE_STORAGE_BUS_XEN", "COMPUTE_STORAGE_BUS_IDE"),
        *("COMPUTE_GRAPHICS_MODEL_CIRRUS", "COMPUTE_NET_VIF_MODEL_E1000"),
        "HW_CPU_X86_SSE2",
    } <= names
    shown = dom0.told("host", "show")
    assert {each["vm_mode"] for each in shown["supported_instances"]} == {"xen", "hvm"}
    booted = float(dom0.sh("cat /proc/uptime").split()[0])
    assert abs(shown["uptime"] - booted) < 60


def test_counters_of_a_server(dom0: Dom0, server: str) -> None:
    """A disk that QEMU serves is told by QEMU, which was asked by its second socket."""
    create(dom0, server, "qcow2", *boot("pvh"))
    told = dom0.told("server", "diagnostics", server)
    assert (told["state"], told["hypervisor"]) == ("running", "xen")
    assert (told["num_cpus"], told["num_nics"], told["num_disks"]) == (1, 1, 1)
    assert told["cpu_time"] > 0
    assert told["cpu_details"][0]["time"] > 0
    assert told["memory_details"]["maximum"] == GUEST_MIB
    assert 0 < told["memory_details"]["used"] <= GUEST_MIB + 1
    assert 0 < told["uptime"] < 3600
    (nic,) = told["nic_details"]
    assert nic["why"] is None
    assert nic["tx_octets"] > 0
    (disk,) = told["disk_details"]
    assert disk["why"] is None
    assert disk["read_bytes"] > 0
    assert disk["errors_count"] == 0
    again = dom0.told("server", "diagnostics", server)
    assert again["cpu_time"] > told["cpu_time"]
    assert dom0.nova_xen("server", "stop", server).code == 0
    off = dom0.told("server", "diagnostics", server)
    assert (off["cpu_time"], off["uptime"]) == (None, None)
    assert off["disk_details"][0]["why"] == "the server is off"
