# SPDX-License-Identifier: Apache-2.0
"""A server's memory on disk: whatever fails or dies, it is never lost or used twice."""

import os
import pathlib
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import ErrorCode
from nova_xen.images import hold_server
from nova_xen.model import Plan, PowerState
from nova_xen.operations import power, steps
from nova_xen.operations.delete import delete
from nova_xen.operations.dump import dump
from nova_xen.operations.host import Host
from nova_xen.operations.query import get_server, list_servers
from nova_xen.operations.resume import resume
from nova_xen.operations.spawn import clean_up_unfinished, spawn
from nova_xen.operations.suspend import suspend
from nova_xen.testing import FakeHost
from nova_xen.testing.guest import Job
from nova_xen.testing.xen import FakeToolstack
from nova_xen.testing.xen_domains import XenRecord

MakePlan = Callable[..., Plan]


class Killed(BaseException):
    """Stands for SIGKILL: with ``dying`` nothing in the process gets to run."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_undo", lambda server, begun: [])


def quiet(_what: str, _fraction: float) -> None:
    pass


@pytest.fixture
def web(host: Host, make_plan: MakePlan) -> str:
    spawn(host, make_plan(extra_specs={"quota:cpu_quota": "50000"}), quiet)
    return "web"


@pytest.fixture
def suspended(host: Host, web: str) -> str:
    suspend(host, web)
    return web


@pytest.fixture
def saves(fake: FakeHost) -> Callable[[], list[str]]:
    """Names of the files of saved memory."""
    return lambda: sorted(os.listdir(fake.saves.path))


Saves = Callable[[], list[str]]


def state(host: Host) -> PowerState:
    shown = get_server(host, "web").state
    assert [server.state for server in list_servers(host)] == [shown]
    return shown


def methods(fake: FakeHost) -> list[str]:
    return [call.method for call in fake.calls]


def started_how(fake: FakeHost) -> list[int]:
    """The flags of each start."""
    return [
        call.arguments[0] for call in fake.calls if call.method == "createWithFlags"
    ]


def cut(fake: FakeHost) -> None:
    """Damage the memory, so that a restore fails."""
    file = pathlib.Path(fake.saves.file("web"))
    file.write_bytes(file.read_bytes()[:-10])


def test_there_and_back(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    assert state(host) is PowerState.SUSPENDED
    assert saves() == ["web.save"]
    resume(host, "web")
    assert state(host) is PowerState.RUNNING
    assert saves() == []
    assert started_how(fake)[-1] == libvirt.VIR_DOMAIN_START_PAUSED
    assert fake.guest("web").cap == 50


def test_a_start_of_a_suspended_server_is_as_safe(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    cut(fake)
    with pytest.raises(exceptions.StepFailed, match="could not be started"):
        power.power_on(host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])


def test_the_second_name_goes_before_the_guest_runs(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    fake.fail_next("resume")
    with pytest.raises(exceptions.StepFailed) as failed:
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.PAUSED, [])
    assert "'let it go on' failed" in str(failed.value)
    assert str(failed.value).endswith("It is paused now.")
    power.unpause(host, "web")
    assert state(host) is PowerState.RUNNING


def test_a_restore_that_fails_loses_nothing(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    whole = pathlib.Path(fake.saves.file("web")).read_bytes()
    cut(fake)
    for _ in range(2):
        with pytest.raises(exceptions.StepFailed) as failed:
            resume(host, "web")
        assert str(failed.value) == (
            "Server web could not be resumed: the step 'restore it' failed, libvirt "
            "failed while restoring server web: internal error: libxenlight failed to "
            "restore domain 'web'. Its saved memory is there as before; resume it "
            "again, or start it without by 'nova-xen server start web "
            "--discard-memory'."
        )
        assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])
    pathlib.Path(fake.saves.file("web")).write_bytes(whole)
    resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])


def test_a_restore_that_libvirt_did_not_begin_loses_nothing(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    fake.fail_next("create")
    with pytest.raises(exceptions.StepFailed, match="as before; resume it again"):
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])


def just_before(fake: FakeHost, method: str, act: Callable[[], object]) -> None:
    """Have something done in the moment before the next call of a method."""
    gate: Any = fake.gate
    passing = gate.passing

    def once(names: tuple[str, ...], *rest: Any) -> Any:
        if names[0] == method:
            gate.passing = passing
            act()
        return passing(names, *rest)

    gate.passing = once


def after_next(
    fake: FakeHost,
    first: str,
    then: str,
    act: Callable[[], object],
    during: Callable[[], object],
) -> None:
    """Have something done in the moment before a call that follows another one."""
    just_before(fake, first, lambda: just_before(fake, then, act))
    during()


def test_somebody_else_was_faster(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    """virsh, say: what runs is not ended, and its old memory goes."""
    just_before(fake, "createWithFlags", fake.connect().lookupByName("web").create)
    with pytest.raises(exceptions.WrongState, match="while it is running"):
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])


def test_a_server_that_somebody_else_started_is_not_ended(
    host: Host, fake: FakeHost, web: str
) -> None:
    power.power_off(host, "web", 0)
    just_before(fake, "createWithFlags", fake.connect().lookupByName("web").create)
    with pytest.raises(exceptions.WrongState, match="while it is running"):
        power.power_on(host, "web")
    assert state(host) is PowerState.RUNNING


def test_an_answer_that_was_lost_leaves_no_old_memory(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    fake.fail_next("create", after=True)
    with pytest.raises(exceptions.StepFailed, match=r"It is paused now\."):
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.PAUSED, [])


def test_a_restore_that_goes_on_is_left_alone(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    fake.fail_next("create")
    fake.fail_next("jobInfo", skip=1)  # nobody knows whether it goes on
    with pytest.raises(exceptions.StepFailed, match="Not undone: restore it"):
        resume(host, "web")
    assert saves() == ["web.save", "web.save.kept"]
    resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])


def test_while_libvirt_works_on_it_no_resume_begins(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    fake.guest("web").job = Job("another")
    with pytest.raises(exceptions.ServerBusy, match="since libvirt is at work on it"):
        resume(host, "web")
    assert saves() == ["web.save"]


#: what is killed, whether before or after it took effect, and what is left then
RESUME_STEPS = {
    "not begun": ("createWithFlags", False, PowerState.SUSPENDED),
    "restored": ("createWithFlags", True, PowerState.PAUSED),
    "limited": ("setSchedulerParameters", True, PowerState.PAUSED),
    "let go": ("resume", False, PowerState.PAUSED),
    "running": ("resume", True, PowerState.RUNNING),
}


@pytest.mark.usefixtures("dying")
@pytest.mark.parametrize("unpaused", [False, True])
@pytest.mark.parametrize("moment", RESUME_STEPS)
def test_a_resume_that_is_killed_can_be_gone_on_with(
    host: Host,
    fake: FakeHost,
    suspended: str,
    saves: Saves,
    moment: str,
    unpaused: bool,
) -> None:
    operation, after, left = RESUME_STEPS[moment]
    fake.interrupt_next(operation, Killed(), after=after)
    with pytest.raises(Killed):
        resume(host, "web")
    assert state(host) is left
    if left is PowerState.PAUSED and (unpaused or not saves()):
        power.unpause(host, "web")
    elif left is not PowerState.RUNNING:
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])
    assert fake.guest("web").cap == 50


@pytest.mark.usefixtures("dying")
def test_a_resume_that_is_killed_and_then_fails_loses_nothing(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    """libvirt has removed the image, and nobody is there to put it back."""
    whole = pathlib.Path(fake.saves.file("web")).read_bytes()
    cut(fake)
    with pytest.raises(exceptions.StepFailed):
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save.kept"])
    fake.break_connection()  # libvirt forgets the reason
    assert state(host) is PowerState.SUSPENDED
    pathlib.Path(fake.saves.file("web") + ".kept").write_bytes(whole)
    resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])


@pytest.fixture(params=["killed too", "survived"])
def orphan(
    request: pytest.FixtureRequest, host: Host, fake: FakeHost, suspended: str
) -> XenRecord:
    """libvirtd was killed while it restored: it does not know what is in Xen.

    The command that had it restored was killed too, or has put the memory back.
    """
    if request.param == "killed too":
        host.connection.saves.keep("web")
        os.unlink(fake.saves.file("web"))
    uuid = get_server(host, "web").uuid
    number = fake.next_domain_id()
    fake.kill_daemon()
    fake.start_daemon()
    return fake.xen.add(XenRecord(number, "web", uuid, 131072, paused=True))


def test_what_a_dead_libvirtd_has_left_in_xen_is_ended(
    host: Host, fake: FakeHost, orphan: XenRecord, saves: Saves
) -> None:
    assert state(host) is PowerState.SUSPENDED
    resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])
    [domain] = list(fake.xen)
    assert domain.domid != orphan.domid


def test_a_libvirtd_that_dies_while_it_restores(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    """The command survives it, and puts the memory back."""
    uuid = get_server(host, "web").uuid

    def die() -> None:
        os.unlink(fake.saves.file("web"))
        number = fake.next_domain_id()
        fake.kill_daemon()
        fake.start_daemon()
        fake.xen.add(XenRecord(number, "web", uuid, 131072, paused=True))

    just_before(fake, "createWithFlags", die)
    with pytest.raises(exceptions.StepFailed, match="as before; resume it again"):
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])
    resume(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])


def test_without_its_memory_it_starts_beside_no_orphan(
    host: Host, fake: FakeHost, orphan: XenRecord, saves: Saves
) -> None:
    power.power_on(host, "web", discard_memory=True)
    assert (state(host), saves()) == (PowerState.RUNNING, [])
    [domain] = list(fake.xen)
    assert domain.domid != orphan.domid


def test_its_memory_is_not_thrown_away_while_it_runs_without_libvirt(
    host: Host, fake: FakeHost, orphan: XenRecord, saves: Saves
) -> None:
    orphan.paused = False
    files = saves()
    with pytest.raises(exceptions.WrongState, match="web cannot be started while it"):
        power.power_on(host, "web", discard_memory=True)
    assert saves() == files
    assert list(fake.xen) == [orphan]


def test_what_virsh_restores_is_no_orphan(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    """It has begun since libvirt was asked, and has made the domain."""
    uuid = get_server(host, "web").uuid
    record = XenRecord(fake.next_domain_id(), "web", uuid, 131072, paused=True)
    fake.xen.add(record)

    def begin() -> None:
        fake.guest("web").job = Job("create")

    just_before(fake, "jobInfo", lambda: just_before(fake, "jobInfo", begin))
    with pytest.raises(exceptions.StepFailed, match="libvirt is at work on it"):
        resume(host, "web")
    assert list(fake.xen) == [record]


def test_what_runs_without_libvirt_is_not_run_twice(
    host: Host, fake: FakeHost, orphan: XenRecord, saves: Saves
) -> None:
    orphan.paused = False
    with pytest.raises(
        exceptions.WrongState, match=r"as domain \d+, which libvirt lost"
    ):
        resume(host, "web")
    assert len(saves()) == 1
    assert list(fake.xen) == [orphan]


@pytest.fixture
def left_paused(
    host: Host, fake: FakeHost, suspended: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Killed when it was restored, before anything else."""
    with monkeypatch.context() as patch:
        patch.setattr(steps, "_undo", lambda server, begun: [])
        fake.interrupt_next("createWithFlags", Killed(), after=True)
        with pytest.raises(Killed):
            resume(host, "web")
    return "web"


BESIDE: dict[str, Callable[[Host], object]] = {
    "unpause": lambda host: power.unpause(host, "web"),
    "stop": lambda host: power.power_off(host, "web", None),
    "switch off": lambda host: power.power_off(host, "web", 0),
    "reset": lambda host: power.reboot(host, "web", hard=True),
    "resume": lambda host: resume(host, "web"),
    "dump": lambda host: dump(host, "web"),
    "delete": lambda host: delete(host, "web"),
}


@pytest.mark.parametrize("action", BESIDE)
def test_old_memory_goes_before_the_guest_runs_on(
    host: Host, left_paused: str, saves: Saves, action: str
) -> None:
    assert saves() == ["web.save.kept"]
    BESIDE[action](host)
    assert saves() == []


def test_old_memory_is_not_used_once_the_guest_ended(
    host: Host, fake: FakeHost, left_paused: str, saves: Saves
) -> None:
    """A person has let it run by virsh, and it was shut down."""
    domain = fake.connect().lookupByName("web")
    domain.resume()
    domain.shutdown()
    assert (state(host), saves()) == (PowerState.STOPPED, ["web.save.kept"])
    power.power_on(host, "web")
    assert (state(host), saves()) == (PowerState.RUNNING, [])
    assert started_how(fake)[-1] == libvirt.VIR_DOMAIN_START_PAUSED, "for its cap"


def test_what_another_process_restores_is_left_to_it(
    host: Host, left_paused: str, saves: Saves
) -> None:
    uuid = get_server(host, "web").uuid
    with hold_server(host.options.instances_path, uuid):
        for action in ("unpause", "resume", "delete", "reset", "stop"):
            with pytest.raises(exceptions.ServerBusy, match="another command"):
                BESIDE[action](host)
        assert saves() == ["web.save.kept"]


@pytest.mark.parametrize("action", ["pause", "stop", "reset"])
def test_what_virsh_saves_is_left_to_it(
    host: Host, fake: FakeHost, web: str, saves: Saves, action: str
) -> None:
    pathlib.Path(fake.saves.file("web")).touch()
    fake.guest("web").job = Job("managedSave")
    fake.job_timeout = 0.01
    acts: dict[str, Callable[[Host], object]] = {
        **BESIDE,
        "pause": lambda host: power.pause(host, "web"),
    }
    fake.deaf_guests.add("web")
    with pytest.raises(exceptions.HypervisorError, match="state change lock"):
        acts[action](host)
    assert saves() == ["web.save"]


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_what_virsh_has_just_saved_is_left(
    host: Host, fake: FakeHost, web: str, saves: Saves, action: str
) -> None:
    """It ran when its state was read, and is off by the time libvirt has no job."""
    file = pathlib.Path(fake.saves.file("web"))
    file.touch()
    fake.guest("web").job = Job("managedSave")

    def finish() -> None:
        fake.guest("web").job = None
        file.unlink()
        fake.connect().lookupByName("web").managedSave(0)

    just_before(fake, "jobInfo", finish)
    acts = {"pause": power.pause, "resume": resume}
    with pytest.raises(exceptions.NovaXenError):
        acts[action](host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])


def test_a_restored_guest_that_ended_leaves_no_old_memory(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    """The answer of the restore was lost, and it was switched off by then."""
    fake.fail_next("create", after=True)

    def end() -> None:
        fake.connect().lookupByName("web").destroy()

    with pytest.raises(exceptions.StepFailed, match=r"It is stopped now\."):
        after_next(fake, "createWithFlags", "jobInfo", end, lambda: resume(host, "web"))
    assert (state(host), saves()) == (PowerState.STOPPED, [])


def while_it_reboots(host: Host, fake: FakeHost, act: Callable[[], None]) -> None:
    """A soft reboot, while which something is done."""

    def reboot() -> None:
        power.reboot(host, "web", hard=False)

    after_next(fake, "reboot", "lookupByUUIDString", act, reboot)


MEANWHILE: dict[str, tuple[Callable[[Host], None], PowerState]] = {
    "suspend": (lambda host: suspend(host, "web"), PowerState.SUSPENDED),
    "stop": (lambda host: power.power_off(host, "web", 0), PowerState.STOPPED),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_another_command_ended_is_not_rebooted(
    host: Host, fake: FakeHost, web: str, saves: Saves, what: str
) -> None:
    """It is waited for whether the guest reboots by itself."""
    act, left = MEANWHILE[what]
    fake.deaf_guests.add("web")
    with pytest.raises(exceptions.WrongState, match=f"rebooted while it is {left}"):
        while_it_reboots(host, fake, lambda: act(host))
    assert state(host) is left
    assert saves() == (["web.save"] if left is PowerState.SUSPENDED else [])


def test_what_libvirt_starts_is_not_rebooted(
    host: Host, fake: FakeHost, web: str
) -> None:
    """The guest has done it itself, and is off for this moment."""
    fake.deaf_guests.add("web")

    def begin() -> None:
        fake.connect().lookupByName("web").destroy()
        fake.guest("web").job = Job("start")

    with pytest.raises(exceptions.ServerBusy, match="libvirt is at work on it"):
        while_it_reboots(host, fake, begin)


@pytest.mark.parametrize("wait", [5, 0])
def test_what_was_suspended_meanwhile_is_not_called_stopped(
    host: Host, fake: FakeHost, web: str, saves: Saves, wait: int
) -> None:
    fake.deaf_guests.add("web")
    with pytest.raises(exceptions.WrongState) as refused:
        after_next(
            fake,
            "shutdown" if wait else "state",
            "state" if wait else "destroy",
            lambda: suspend(host, "web"),
            lambda: power.power_off(host, "web", wait),
        )
    assert str(refused.value) == (
        "Server web cannot be stopped while it is suspended; it was suspended "
        "meanwhile, and its memory is saved."
    )
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])


@pytest.fixture
def unsavable(fake: FakeHost, web: str) -> str:
    fake.unsavable.add(web)
    return web


def test_a_save_that_fails_lets_the_guest_go_on(
    host: Host, fake: FakeHost, unsavable: str, saves: Saves
) -> None:
    with pytest.raises(exceptions.StepFailed) as failed:
        suspend(host, "web")
    assert str(failed.value).endswith(
        "with libxenlight. It runs on. Restart libvirtd, or libvirt does not notice "
        "when it shuts down or reboots by itself."
    )
    assert (state(host), saves()) == (PowerState.RUNNING, [])
    [domain] = list(fake.xen)
    assert domain.executing
    fake.break_connection()
    assert state(host) is PowerState.RUNNING


def test_without_xens_tools_a_person_is_told(
    host: Host, fake: FakeHost, unsavable: str, saves: Saves
) -> None:
    tools = host.toolstack()
    tools.broken = "xl is not there"  # type: ignore[attr-defined]
    object.__setattr__(host, "toolstack", lambda: tools)
    with pytest.raises(exceptions.StepFailed, match=r"Not undone: save .*xl is not"):
        suspend(host, "web")
    assert saves() == [], "a reboot would restore a part"
    with pytest.raises(exceptions.WrongState) as refused:
        resume(host, "web")
    assert str(refused.value) == (
        "Server web cannot be resumed while it is running; whether Xen keeps it "
        "suspended could not be asked: Xen's own tool failed while listing the "
        "domains: xl is not there."
    )
    tools.broken = None  # type: ignore[attr-defined]
    resume(host, "web")
    [domain] = list(fake.xen)
    assert domain.executing


@pytest.mark.usefixtures("dying")
def test_what_xen_does_not_let_go_on_is_told(
    host: Host,
    unsavable: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(exceptions.StepFailed):
        suspend(host, "web")

    def failing(tools: FakeToolstack, domid: int) -> None:
        raise exceptions.ToolstackFailed(doing=f"resuming domain {domid}", why="no")

    with monkeypatch.context() as patch:
        patch.setattr(FakeToolstack, "resume", failing)
        with pytest.raises(exceptions.StepFailed) as failed:
            resume(host, "web")
    domid = get_server(host, "web").domid
    assert str(failed.value) == (
        "Server web could not be resumed: the step 'let it go on in Xen' failed, Xen's "
        f"own tool failed while resuming domain {domid}: no. It stands still with its "
        "domain; resume it again."
    )
    resume(host, "web")
    assert state(host) is PowerState.RUNNING
    assert "web runs on after a save that failed. Restart libvirtd, or" in caplog.text


def test_what_xen_never_suspended_needs_no_restart_of_libvirtd(
    host: Host, fake: FakeHost, web: str
) -> None:
    fake.fail_next("managedSave")
    with pytest.raises(exceptions.StepFailed) as failed:
        suspend(host, "web")
    assert str(failed.value).endswith("It runs on.")
    assert state(host) is PowerState.RUNNING


@pytest.mark.usefixtures("dying")
@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("action", ["resume", "unpause"])
def test_a_failed_save_that_nobody_put_right_can_be_resumed(
    host: Host,
    fake: FakeHost,
    unsavable: str,
    saves: Saves,
    restarted: bool,
    action: str,
) -> None:
    with pytest.raises(exceptions.StepFailed):
        suspend(host, "web")
    assert saves() == ["web.save"]
    if restarted:
        fake.break_connection()
        assert state(host) is PowerState.PAUSED
    elif action == "unpause":
        with pytest.raises(exceptions.WrongState):  # libvirt says that it runs
            BESIDE[action](host)
        return
    BESIDE[action](host)
    [domain] = list(fake.xen)
    assert domain.executing
    assert (state(host), saves()) == (PowerState.RUNNING, [])


def test_what_is_being_saved_is_not_resumed(
    host: Host, fake: FakeHost, web: str
) -> None:
    guest = fake.guest("web")
    fake.xen.suspend(guest.id)
    guest.job = Job("managedSave")
    with pytest.raises(exceptions.ServerBusy, match="libvirt is at work"):
        resume(host, "web")


def test_a_save_that_begins_meanwhile_is_left_alone(
    host: Host, fake: FakeHost, web: str
) -> None:
    """As by virsh, in the moment before Xen is asked."""
    guest = fake.guest("web")

    def begin() -> None:
        guest.job = Job("managedSave")
        fake.xen.suspend(guest.id)

    just_before(fake, "lookupByUUIDString", begin)
    with pytest.raises(exceptions.ServerBusy, match="libvirt is at work"):
        resume(host, "web")
    [domain] = list(fake.xen)
    assert domain.suspended


def test_a_save_that_goes_on_is_left_alone(
    host: Host, fake: FakeHost, web: str, saves: Saves
) -> None:
    """The answer was lost and libvirt is still at it: the file is its."""

    def begin() -> None:
        fake.guest("web").job = Job("managedSave")
        pathlib.Path(fake.saves.file("web")).touch()

    just_before(fake, "managedSave", begin)
    fake.fail_next("managedSave", ErrorCode.RPC, "lost")
    with pytest.raises(exceptions.StepFailed, match="since libvirt is at work on it"):
        suspend(host, "web")
    assert saves() == ["web.save"]


def test_a_save_whose_answer_was_lost_is_done(
    host: Host, fake: FakeHost, web: str, saves: Saves
) -> None:
    fake.fail_next("managedSave", after=True)
    with pytest.raises(exceptions.StepFailed, match=r"It is suspended now\."):
        suspend(host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])
    resume(host, "web")


def test_too_little_room_is_told_before_anything_is_done(
    host: Host, fake: FakeHost, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = os.statvfs_result((4096, 4096, 0, 0, 100 * 256, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: free)
    with pytest.raises(exceptions.NotEnoughRoom) as refused:
        suspend(host, "web")
    assert str(refused.value) == (
        "Server web cannot be suspended: its memory takes 193 MiB and "
        f"{fake.saves.path} has 100 MiB free; free some space there. It is as it was."
    )
    assert "managedSave" not in methods(fake)


def test_the_memory_is_on_the_disk_before_it_is_told(
    host: Host, fake: FakeHost, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(number: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(exceptions.StepFailed, match=r"Input/output.*is suspended now"):
        suspend(host, "web")


@pytest.mark.parametrize("act", [suspend, resume])
def test_who_cannot_see_the_memory_is_refused(
    host: Host,
    fake: FakeHost,
    web: str,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Host, str], None],
) -> None:
    if act is resume:
        suspend(host, "web")
    host.connection.saves.path = "/nonexistent/saves"
    assert state(host) is (PowerState.RUNNING, PowerState.SUSPENDED)[act is resume]
    with pytest.raises(exceptions.HostCannot, match=r"cannot look into /nonexistent/s"):
        act(host, "web")


@pytest.mark.parametrize("seen", [True, False])
def test_saved_memory_can_be_thrown_away(
    host: Host, fake: FakeHost, suspended: str, saves: Saves, seen: bool
) -> None:
    if not seen:
        host.connection.saves.path = "/nonexistent/saves"
    power.power_on(host, "web", discard_memory=True)
    assert (state(host), saves()) == (PowerState.RUNNING, [])
    assert "managedSaveRemove" in methods(fake)


def test_without_memory_there_is_nothing_to_resume(
    host: Host, fake: FakeHost, suspended: str
) -> None:
    """libvirt's reason still says that it is saved."""
    fake.connect().lookupByName("web").managedSaveRemove()
    assert state(host) is PowerState.STOPPED
    with pytest.raises(exceptions.WrongState, match="start it instead"):
        resume(host, "web")
    power.power_on(host, "web")


def test_a_lost_disk_is_noticed_before_the_memory_is_touched(
    host: Host, instances: pathlib.Path, suspended: str, saves: Saves
) -> None:
    os.remove(instances / get_server(host, "web").uuid / "disk")
    with pytest.raises(exceptions.FileMissing, match="disk"):
        resume(host, "web")
    assert (state(host), saves()) == (PowerState.SUSPENDED, ["web.save"])


@pytest.mark.parametrize("kept", [False, True])
def test_a_suspended_server_is_deleted_with_its_memory(
    host: Host, fake: FakeHost, suspended: str, saves: Saves, kept: bool
) -> None:
    if kept:
        host.connection.saves.keep("web")
        os.unlink(fake.saves.file("web"))
    delete(host, "web")
    assert saves() == []


@pytest.mark.usefixtures("dying")
def test_a_deletion_that_was_killed_leaves_no_memory(
    host: Host, fake: FakeHost, suspended: str, saves: Saves
) -> None:
    host.connection.saves.keep("web")
    fake.interrupt_next("managedSaveRemove", Killed(), after=True)
    with pytest.raises(Killed):
        delete(host, "web")
    assert saves() == ["web.save.kept"]
    clean_up_unfinished(host)
    assert saves() == []


def test_a_new_server_has_no_memory_of_an_old_one(
    host: Host, fake: FakeHost, make_plan: MakePlan, saves: Saves
) -> None:
    for suffix in ("", ".kept"):
        pathlib.Path(fake.saves.file("web") + suffix).write_text("another's")
    spawn(host, make_plan(), quiet)
    assert (state(host), saves()) == (PowerState.RUNNING, [])


def test_a_resume_asks_little(host: Host, fake: FakeHost, suspended: str) -> None:
    host.connection.calls.clear()
    resume(host, "web")
    assert host.connection.calls == {
        "lookupByName": 1,
        "XMLDesc": 1,
        "state": 1,
        "isActive": 1,
        "jobInfo": 1,
        "createWithFlags": 1,
        "setSchedulerParameters": 1,
        "resume": 1,
    }


def test_a_list_of_suspended_servers_asks_as_one_of_others(
    host: Host, suspended: str
) -> None:
    host.connection.calls.clear()
    list_servers(host)
    assert host.connection.calls == {"listAllDomains": 2, "XMLDesc": 1, "state": 1}
