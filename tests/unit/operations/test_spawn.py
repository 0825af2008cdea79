# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import pathlib
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.domain import parse_domain
from nova_xen.hypervisor import Connection, Deadlines
from nova_xen.images import create_folder, mark_unfinished
from nova_xen.model import Flavor, Plan, PowerState
from nova_xen.operations import spawn as spawn_module
from nova_xen.operations.host import Host
from nova_xen.operations.request import CreateRequest, build_instance
from nova_xen.operations.spawn import clean_up_unfinished, spawn
from nova_xen.testing import FakeHost

MakePlan = Callable[..., Plan]
Left = Callable[[], list[str]]


def quiet(_what: str, _fraction: float) -> None:
    pass


def test_a_server_runs_with_its_files(
    host: Host, make_plan: MakePlan, instances: pathlib.Path
) -> None:
    plan = make_plan(swap_mib=1, ephemeral_gib=1)
    server = spawn(host, plan, quiet)
    assert server.state is PowerState.RUNNING
    names = sorted(os.listdir(instances / server.uuid))
    assert names == ["disk", "disk.eph0", "disk.swap", "kernel"]


def test_the_document_can_be_read_back(
    host: Host, make_plan: MakePlan, fake: FakeHost
) -> None:
    plan = make_plan()
    spawn(host, plan, quiet)
    dump = fake.connect().lookupByName("web").XMLDesc(0)
    assert parse_domain(dump).instance == plan.domain.instance


def test_a_cap_is_set_before_the_guest_runs(
    host: Host, make_plan: MakePlan, fake: FakeHost
) -> None:
    specs = {"quota:cpu_quota": "50000", "quota:cpu_period": "100000"}
    spawn(host, make_plan(extra_specs=specs), quiet)
    assert fake.guest("web").cap == 50
    methods = [call.method for call in fake.calls]
    assert methods.index("createWithFlags") < methods.index("resume")
    setting = next(m for m in methods if m.startswith("setSchedulerParameters"))
    assert methods.index(setting) < methods.index("resume")


@pytest.mark.parametrize("operation", ["define", "create"])
def test_a_failing_call_of_libvirt_leaves_nothing(
    host: Host, make_plan: MakePlan, fake: FakeHost, left: Left, operation: str
) -> None:
    plan = make_plan()
    fake.fail_next(operation, 1, "internal error: libxenlight failed")
    with pytest.raises(exceptions.StepFailed) as caught:
        spawn(host, plan, quiet)
    assert "libxenlight failed" in str(caught.value)
    assert "Nothing was left behind." in str(caught.value)
    assert left() == []


def test_an_answer_lost_after_the_start_leaves_nothing(
    host: Host, make_plan: MakePlan, fake: FakeHost, left: Left
) -> None:
    plan = make_plan()
    fake.fail_next("create", 1, "internal error: lost", after=True)
    with pytest.raises(exceptions.StepFailed, match="'start it'"):
        spawn(host, plan, quiet)
    assert left() == []


def test_a_start_that_hangs_is_given_up(
    host: Host, make_plan: MakePlan, fake: FakeHost, instances: pathlib.Path
) -> None:
    plan = make_plan()
    deadlines = Deadlines(create=0.2, destroy=0.2, define=0.5)
    connection = Connection(opener=lambda uri: fake.connect(), deadlines=deadlines)
    hasty = dataclasses.replace(host, connection=connection)
    hang = fake.hang("create")
    try:
        with pytest.raises(exceptions.StepFailed, match="no answer within"):
            spawn(hasty, plan, quiet)
    finally:
        hang.release.set()
    assert not (instances / plan.instance.uuid).exists()


@pytest.mark.parametrize(
    ("where", "step"),
    [
        (spawn_module, "copy_files"),
        (spawn_module, "make_disk"),
        (Host, "require_startable"),
        (spawn_module, "define_guest"),
        (spawn_module, "start_guest"),
    ],
)
@pytest.mark.parametrize("error", [OSError("the disk is on fire"), KeyboardInterrupt()])
def test_each_step_is_undone(
    host: Host,
    make_plan: MakePlan,
    left: Left,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    step: str,
    error: BaseException,
) -> None:
    plan = make_plan()

    def fail(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(where, step, fail)
    expected = exceptions.StepFailed if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        spawn(host, plan, quiet)
    assert left() == []


def test_a_taken_name_is_refused_and_kept(
    host: Host, make_plan: MakePlan, fake: FakeHost, left: Left
) -> None:
    first = spawn(host, make_plan(), quiet)
    second = make_plan()
    with pytest.raises(exceptions.ServerExists, match="web"):
        spawn(host, second, quiet)
    assert left() == sorted(["web", first.uuid])


def test_losing_a_race_for_the_name_spares_the_winner(
    host: Host, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, left: Left
) -> None:
    first, second = make_plan(), make_plan()
    winner = spawn(host, first, quiet)
    monkeypatch.setattr(spawn_module, "_refuse_taken", lambda host, name: None)
    with pytest.raises(exceptions.StepFailed, match="'define it in libvirt'"):
        spawn(host, second, quiet)
    assert left() == sorted(["web", winner.uuid])


def test_what_a_killed_process_left_is_cleaned_up(
    host: Host, make_plan: MakePlan, instances: pathlib.Path, left: Left
) -> None:
    plan = make_plan()
    uuid = plan.instance.uuid
    child = os.fork()
    if child == 0:
        create_folder(str(instances), uuid, server="web")
        os._exit(9)
    os.waitpid(child, 0)
    assert left() == [uuid]
    assert clean_up_unfinished(host) == (uuid,)
    assert left() == []


def test_a_running_creation_is_not_cleaned_up(
    host: Host, make_plan: MakePlan, instances: pathlib.Path
) -> None:
    uuid = make_plan().instance.uuid
    folder = create_folder(str(instances), uuid, server="web")
    assert clean_up_unfinished(host) == ()
    folder.abandon()


def test_a_domain_whose_folder_was_never_finished_is_removed(
    host: Host, make_plan: MakePlan, left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = spawn(host, make_plan(), quiet)
    mark_unfinished(host.options.instances_path, server.uuid)
    assert clean_up_unfinished(host) == (server.uuid,)
    assert left() == []


def test_only_root_reads_what_an_hvm_guest_prints(
    host: Host, image: str, instances: pathlib.Path
) -> None:
    request = CreateRequest(
        name="web",
        image=image,
        flavor=Flavor(vcpus=1, memory_mib=128),
        properties={"vm_mode": "hvm"},
    )
    server = spawn(host, spawn_module.plan(host, build_instance(request)), quiet)
    log = instances / server.uuid / "console.log"
    assert log.stat().st_mode & 0o777 == 0o600
