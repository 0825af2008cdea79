# SPDX-License-Identifier: Apache-2.0
"""Each step of a recovery: what it does, and that others are left alone."""

import dataclasses
import os
import pathlib
import time

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.pause_mark import paused_domain, write_mark
from nova_xen.migration.peer.actions import Patience
from nova_xen.model import (
    LibvirtView,
    MigrationOptions,
    RecoveryAction,
    RecoveryStep,
    Side,
    XenDomain,
)
from unit.migration.peer.scene import NAME, OTHER, UUID, Scene, journal

ORPHAN = XenDomain(domid=7, name=NAME, uuid=UUID, paused=True)
WITH_DOMID = (RecoveryAction.DESTROY, RecoveryAction.RESUME, RecoveryAction.UNPAUSE)


def do(scene: Scene, action: RecoveryAction, domid: int | None = None) -> None:
    step = RecoveryStep(side=Side.DESTINATION, action=action, domid=domid)
    scene.peer.carry_out(UUID, NAME, step)


def test_an_orphan_is_ended(scene: Scene) -> None:
    scene.toolstack.all[7] = ORPHAN
    do(scene, RecoveryAction.DESTROY, 7)
    assert scene.toolstack.calls == [("destroy", 7)]
    assert scene.toolstack.domains() == ()


@pytest.mark.parametrize("action", WITH_DOMID)
def test_what_is_gone_needs_nothing(scene: Scene, action: RecoveryAction) -> None:
    do(scene, action, 7)
    assert scene.toolstack.calls == []


@pytest.mark.parametrize("action", WITH_DOMID)
def test_another_guests_domain_is_left_alone(
    scene: Scene, action: RecoveryAction
) -> None:
    scene.toolstack.all[7] = dataclasses.replace(ORPHAN, name="db", uuid=OTHER)
    with pytest.raises(exceptions.ToolstackFailed, match=f"that of db .{OTHER}. now"):
        do(scene, action, 7)
    assert scene.toolstack.calls == []


@pytest.mark.parametrize("action", WITH_DOMID)
def test_a_step_must_name_its_domain(scene: Scene, action: RecoveryAction) -> None:
    scene.toolstack.all[7] = ORPHAN
    with pytest.raises(exceptions.ToolstackFailed, match="no domain was named"):
        do(scene, action)
    assert scene.toolstack.calls == []


@pytest.mark.parametrize(
    "flags", [{"paused": True}, {"suspended": True}, {"ended": True}]
)
def test_what_stands_still_is_ended(scene: Scene, flags: dict[str, bool]) -> None:
    scene.toolstack.all[7] = XenDomain(domid=7, name=NAME, uuid=UUID, **flags)
    do(scene, RecoveryAction.DESTROY, 7)
    assert scene.toolstack.calls == [("destroy", 7)]


def test_what_runs_is_ended_by_no_step(scene: Scene) -> None:
    """It went on between the plan and the step."""
    scene.toolstack.all[7] = dataclasses.replace(ORPHAN, paused=False)
    with pytest.raises(exceptions.ToolstackFailed, match="what runs is ended by no"):
        do(scene, RecoveryAction.DESTROY, 7)
    assert scene.toolstack.calls == []


def test_one_that_is_dying_is_not_ended_again(scene: Scene) -> None:
    scene.toolstack.all[7] = dataclasses.replace(ORPHAN, dying=True)
    do(scene, RecoveryAction.DESTROY, 7)
    assert scene.toolstack.calls == []


def test_one_that_does_not_go_is_told(scene: Scene) -> None:
    scene.toolstack.all[7] = ORPHAN
    scene.toolstack.undying = True
    with pytest.raises(exceptions.ToolstackFailed, match=r"still there 0\.5 seconds"):
        do(scene, RecoveryAction.DESTROY, 7)


@pytest.mark.parametrize(
    ("suspended", "paused", "calls"),
    [
        (True, False, ["resume"]),
        # the other way round it would be paused, and nothing tells why, if killed
        (True, True, ["unpause", "resume"]),
        (False, True, ["unpause"]),
        (False, False, []),
    ],
)
@pytest.mark.parametrize("marked", [True, False])
def test_resume(
    scene: Scene, suspended: bool, paused: bool, calls: list[str], marked: bool
) -> None:
    """What somebody else has paused stays paused."""
    scene.toolstack.all[7] = dataclasses.replace(
        ORPHAN, suspended=suspended, paused=paused
    )
    if marked:
        os.makedirs(scene.journals.folder)
        write_mark(scene.journals.path(UUID), 7)
    do(scene, RecoveryAction.RESUME, 7)
    wanted = calls if marked else [call for call in calls if call == "resume"]
    assert scene.toolstack.calls == [(call, 7) for call in wanted]
    assert not scene.toolstack.all[7].suspended
    # who pauses it from now on is a person
    assert paused_domain(scene.journals.path(UUID)) is None


@pytest.mark.parametrize(("paused", "calls"), [(True, [("unpause", 7)]), (False, [])])
def test_unpause_of_an_orphan(
    scene: Scene, paused: bool, calls: list[tuple[str, int]]
) -> None:
    scene.toolstack.all[7] = dataclasses.replace(ORPHAN, paused=paused)
    do(scene, RecoveryAction.UNPAUSE, 7)
    assert scene.toolstack.calls == calls


def test_unpause_of_a_guest_that_libvirt_knows(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    domid = scene.run(paused=True)
    do(scene, RecoveryAction.UNPAUSE, domid)
    assert scene.peer.view(UUID, NAME).libvirt is LibvirtView.RUNNING
    assert "resume" in [call.method for call in scene.fake.calls]


def test_unpause_where_libvirt_refuses(scene: Scene) -> None:
    domid = scene.run(paused=True)
    scene.fake.fail_next("resume", 55, "domain is not paused")
    do(scene, RecoveryAction.UNPAUSE, domid)
    assert scene.toolstack.calls == [("unpause", domid)]


def test_a_transient_guest_is_kept(scene: Scene) -> None:
    scene.run()
    scene.fake.guest(NAME).persistent = False
    do(scene, RecoveryAction.PERSIST)
    seen = scene.peer.view(UUID, NAME)
    assert (seen.libvirt, seen.persistent) == (LibvirtView.RUNNING, True)


@pytest.mark.parametrize("prepare", [lambda scene: None, Scene.run])
def test_nothing_to_keep(scene: Scene, prepare: object) -> None:
    assert callable(prepare)
    prepare(scene)
    before = len([call for call in scene.fake.calls if "define" in call.method])
    do(scene, RecoveryAction.PERSIST)
    after = len([call for call in scene.fake.calls if "define" in call.method])
    assert after == before


def test_a_definition_is_forgotten(scene: Scene) -> None:
    scene.run()
    scene.fake.connect().lookupByUUIDString(UUID).destroy()
    do(scene, RecoveryAction.UNDEFINE)
    assert scene.peer.view(UUID, NAME).libvirt is LibvirtView.NONE
    do(scene, RecoveryAction.UNDEFINE)


def test_a_definition_that_was_lost(scene: Scene) -> None:
    """It comes from the journal, and what libvirt has is not replaced by it."""
    scene.run()
    document = scene.fake.connect().lookupByUUIDString(UUID).XMLDesc()
    scene.journals.keep(dataclasses.replace(journal(), definition=document))
    do(scene, RecoveryAction.DEFINE)
    assert scene.peer.view(UUID, NAME).libvirt is LibvirtView.RUNNING
    scene.fake.connect().lookupByUUIDString(UUID).destroy()
    do(scene, RecoveryAction.UNDEFINE)
    for _ in range(2):
        do(scene, RecoveryAction.DEFINE)
        seen = scene.peer.view(UUID, NAME)
        assert (seen.libvirt, seen.persistent) == (LibvirtView.OFF, True)


def test_a_journal_without_a_definition(scene: Scene) -> None:
    scene.journals.keep(journal())
    do(scene, RecoveryAction.DEFINE)
    assert scene.peer.view(UUID, NAME).libvirt is LibvirtView.NONE


@pytest.mark.parametrize("paused", [True, False])
def test_a_guest_that_is_here_is_not_forgotten(scene: Scene, paused: bool) -> None:
    scene.run(paused=paused)
    with pytest.raises(exceptions.WrongState, match="which of the two hosts"):
        do(scene, RecoveryAction.UNDEFINE)
    assert scene.peer.view(UUID, NAME).persistent


def test_a_journal_is_forgotten(scene: Scene) -> None:
    scene.journals.keep(journal())
    do(scene, RecoveryAction.FORGET)
    do(scene, RecoveryAction.FORGET)
    assert scene.journals.all() == ()


def test_without_a_command_a_person_restarts_libvirtd(scene: Scene) -> None:
    with pytest.raises(exceptions.MigrationUndecided) as told:
        do(scene, RecoveryAction.RESTART_LIBVIRTD)
    assert "'systemctl restart libvirtd'" in str(told.value)
    assert str(told.value).endswith("then run 'nova-xen migration recover web'.")


def with_command(scene: Scene, *command: str) -> Scene:
    scene.with_options(restart_command=command)
    return scene


def test_libvirtd_is_restarted_and_waited_for(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    scene.run()
    assert scene.peer.view(UUID, NAME).libvirt is LibvirtView.RUNNING
    scene.fake.break_connection()
    scene.fake.fail_next("getLibVersion", 38, "Cannot read", domain=13)
    done = tmp_path / "done"
    do(
        with_command(scene, "sh", "-c", f'echo "$0" > {done}', "a b; c"),
        RecoveryAction.RESTART_LIBVIRTD,
    )
    assert done.read_text() == "a b; c\n"
    assert scene.fake.calls[-1].method == "getLibVersion"
    assert scene.peer.view(UUID, NAME).libvirt is LibvirtView.RUNNING


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nonexistent",), "No such file"),
        (("sh", "-c", "echo it is broken >&2; exit 3"), "it is broken"),
        (("sh", "-c", "exit 3"), "it ended with 3"),
    ],
)
def test_a_restart_that_fails_is_told(
    scene: Scene, command: tuple[str, ...], why: str
) -> None:
    with pytest.raises(exceptions.HypervisorError, match=why):
        do(with_command(scene, *command), RecoveryAction.RESTART_LIBVIRTD)


def test_a_restart_that_hangs_is_ended(scene: Scene) -> None:
    with_command(scene, "sh", "-c", "sleep 600 & wait")
    peer = scene.new_peer(patience=Patience(restart=0.2))
    step = RecoveryStep(side=Side.DESTINATION, action=RecoveryAction.RESTART_LIBVIRTD)
    began = time.monotonic()
    with pytest.raises(exceptions.HypervisorError, match=r"within 0\.2 seconds"):
        peer.carry_out(UUID, NAME, step)
    assert time.monotonic() - began < 60


def test_libvirtd_that_does_not_come_back_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_command(scene, "true")
    peer = scene.new_peer(patience=Patience(answer=0.1))
    for _ in range(20):
        scene.fake.fail_next("getLibVersion", 38, "Cannot read", domain=13)
    step = RecoveryStep(side=Side.DESTINATION, action=RecoveryAction.RESTART_LIBVIRTD)
    with pytest.raises(exceptions.HypervisorError, match="Cannot read"):
        peer.carry_out(UUID, NAME, step)


def test_the_options_name_no_command_by_default() -> None:
    assert MigrationOptions().restart_command == ()
