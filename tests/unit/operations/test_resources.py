# SPDX-License-Identifier: Apache-2.0
"""The host's resources and traits, over a fake libvirt."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from nova_xen.images import no_progress
from nova_xen.model import Inventory, InventoryOptions, Plan
from nova_xen.operations import power, resources, spawn
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost


def inventories(host: Host) -> dict[str, Inventory]:
    return {each.resource_class.value: each for each in resources.get_inventory(host)}


def test_a_server_comes_and_goes(
    host: Host, fake: FakeHost, make_plan: Callable[..., Plan]
) -> None:
    before = inventories(host)
    assert before["VCPU"].total == fake.cpus
    assert before["MEMORY_MB"].total == fake.memory_mib
    assert before["MEMORY_MB"].used == fake.memory_mib - fake.free_kib // 1024
    spawn.spawn(host, make_plan(vcpus=2, memory_mib=256), no_progress)
    after = inventories(host)
    assert after["VCPU"].used - before["VCPU"].used == 2
    overhead = after["MEMORY_MB"].used - before["MEMORY_MB"].used - 256
    assert 0 <= overhead <= 2
    # the server's own memory is an allocation, what Xen takes for it is not
    grown = after["MEMORY_MB"].reserved - before["MEMORY_MB"].reserved
    assert grown == overhead
    power.power_off(host, "web", 0)
    assert inventories(host) == before


def test_what_the_operator_reserves(host: Host) -> None:
    options = InventoryOptions(reserved_memory_mib=3000, reserved_cpus=1)
    found = inventories(dataclasses.replace(host, resources=options))
    assert (found["MEMORY_MB"].reserved, found["VCPU"].reserved) == (3000, 1)


def test_disk_is_that_of_the_instances(host: Host, instances: Path) -> None:
    why = inventories(host)["DISK_GB"].why
    assert f"file system of {instances}, " in why
    assert not instances.exists()


@pytest.mark.parametrize("servers", [0, 1, 3])
def test_round_trips(host: Host, make_plan: Callable[..., Plan], servers: int) -> None:
    for number in range(servers):
        spawn.spawn(host, make_plan(f"web{number}"), no_progress)
    host.connection.calls.clear()
    resources.get_inventory(host)
    facts = {"getCapabilities", "getHostname", "getVersion", "getLibVersion"}
    calls = dict(host.connection.calls)
    assert {name: calls.pop(name) for name in facts} == dict.fromkeys(facts, 1)
    assert calls == {
        "getInfo": 1,
        "getDomainCapabilities": 3,
        "lookupByID": 1,
        "schedulerType": 1,
        "getFreeMemory": 2,
        "listAllDomains": 1,
        "info": 1 + servers,
        **({"metadata": servers} if servers else {}),
    }


def test_traits(host: Host) -> None:
    """Of the recorded host: the model's features too, and no nested virtualization."""
    found = {each.name for each in resources.get_traits(host)}
    assert {
        *("COMPUTE_NODE", "COMPUTE_STORAGE_BUS_XEN", "COMPUTE_STORAGE_BUS_IDE"),
        *("COMPUTE_NET_VIF_MODEL_NETFRONT", "COMPUTE_GRAPHICS_MODEL_CIRRUS"),
        *("COMPUTE_IMAGE_TYPE_VHD", "HW_CPU_X86_AVX2", "HW_CPU_X86_SSE42"),
    } <= found
    assert not {name for name in found if "SVM" in name or "VIRTIO" in name}


def test_without_screens_there_are_no_cards(host: Host) -> None:
    options = dataclasses.replace(host.options, vnc_enabled=False)
    found = resources.get_traits(dataclasses.replace(host, options=options))
    assert not [each.name for each in found if "GRAPHICS" in each.name]
