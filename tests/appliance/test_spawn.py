# SPDX-License-Identifier: Apache-2.0
"""A server made of a real image, with a real appliance as one of its steps."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import pytest
from lab import guest_image
from lab.settings import cache_dir

from appliance import processes
from appliance.disks import Ext4, run
from appliance.servers import OPTIONS, WHOLE
from appliance.whole import expect_whole
from nova_xen.hypervisor import Connection
from nova_xen.model import Flavor, InjectionPlan, Plan, PlanOptions, PowerState
from nova_xen.operations import spawn
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest, build_instance
from nova_xen.testing import FakeHost


def quiet(_what: str, _part: float) -> None:
    pass


@pytest.fixture
def host(tmp_path: Path) -> Host:
    fake = FakeHost(exists=lambda path: True)
    return Host(
        connection=Connection(opener=lambda uri: fake.connect()),
        options=PlanOptions(instances_path=str(tmp_path / "instances")),
        injection=OPTIONS,
    )


def planned(host: Host, kind: str) -> Plan:
    """A server of the lab's Debian guest, told everything."""
    image = guest_image.built(cache_dir())
    request = CreateRequest(
        name="web",
        image=str(image.disk(kind)),
        image_format=kind,
        flavor=Flavor(vcpus=1, memory_mib=128),
        kernel=str(image.bzimage),
    )
    made = spawn.plan(host, build_instance(request))
    # its key and partition are the tests' own, which planning would not let through
    instance = dataclasses.replace(made.instance, setup=WHOLE)
    root = made.disks[0]
    return dataclasses.replace(
        made,
        instance=instance,
        injection=InjectionPlan(path=root.path, format=root.format, partition=1),
    )


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_server_of_a_debian_image_finds_what_it_is_told(
    host: Host, tmp_path: Path, kind: str
) -> None:
    plan = planned(host, kind)
    before = Ext4(guest_image.built(cache_dir()).disk("raw")).read("/etc/shadow")
    server = spawn.spawn(host, plan, quiet)
    assert server.state is PowerState.RUNNING
    disk, raw = plan.disks[0], tmp_path / "raw"
    run("qemu-img", "convert", "-f", disk.format.qemu_img, "-O", "raw", disk.path, raw)
    guest = Ext4(raw)
    expect_whole(guest, "$")
    others = before.splitlines()[1:]
    assert guest.read("/etc/shadow").splitlines()[1:] == others
    assert sorted(os.listdir(plan.folder)) == ["disk", "kernel"]


def test_killed_while_the_appliance_runs_the_next_start_removes_all(
    host: Host, tmp_path: Path
) -> None:
    plan = planned(host, "raw")
    child = os.fork()
    if child == 0:
        try:
            # threads of the parent's connection are not in this process
            fake = FakeHost(exists=lambda path: True)
            connection = Connection(opener=lambda uri: fake.connect())
            spawn.spawn(dataclasses.replace(host, connection=connection), plan, quiet)
        finally:
            os._exit(1)
    disk = Path(plan.disks[0].path)
    processes.until(lambda: processes.emulators(disk), seconds=300)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert spawn.clean_up_unfinished(host) == (plan.instance.uuid,)
    assert not Path(plan.folder).exists()
    processes.until(lambda: not processes.workers(tmp_path))
    assert not Path(plan.folder).exists()
