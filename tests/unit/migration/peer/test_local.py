# SPDX-License-Identifier: Apache-2.0
import dataclasses
import os
import pathlib
import threading
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.pause_mark import write_mark
from nova_xen.images.files.part import part_name
from nova_xen.migration.journal import boot_id
from nova_xen.migration.peer import local
from nova_xen.migration.peer.proof import prove
from nova_xen.model import (
    CpuComparison,
    DiskFormat,
    GuestMode,
    GuestView,
    Inquiry,
    LibvirtView,
    MigrationJournal,
    MigrationState,
    RecoveryAction,
    RecoveryStep,
    Side,
    XenDomain,
)
from nova_xen.operations.host import Host
from nova_xen.testing import Guest
from nova_xen.testing.guest import Job
from unit.migration.peer.scene import NAME, OTHER, UUID, Scene, document, journal, kept

FORGET = RecoveryStep(side=Side.DESTINATION, action=RecoveryAction.FORGET)


def test_what_the_host_is(scene: Scene, tmp_path: pathlib.Path) -> None:
    domid = scene.run()
    scene.toolstack.all[9] = XenDomain(domid=9, name="orphan", uuid=OTHER)
    here, gone = tmp_path / "disk", str(tmp_path / "gone")
    here.touch()
    with prove([str(tmp_path)]) as tokens:
        unknown = next(iter(tokens))[:-1] + "0"
        inquiry = Inquiry(
            name=NAME,
            uuid=UUID,
            files=(str(here), gone),
            proofs=(*tokens, unknown) if unknown not in tokens else tuple(tokens),
            formats=(DiskFormat.QCOW2,),
        )
        answer = scene.peer.ask(inquiry)
        assert tokens.items() <= answer.proofs.items()
    assert domid > 0
    assert (answer.hostname, answer.address) == ("xen2", "xen2")
    assert (answer.xen_version, answer.libvirt_version) == (4017000, 9000000)
    assert answer.clock == 1234.5
    assert answer.free_memory_mib == scene.fake.free_kib // 1024
    assert answer.max_vcpus.keys() == set(GuestMode)
    assert answer.virt_caps == ("pv", "hvm", "hap")
    assert answer.domains == {NAME: UUID, "orphan": OTHER}
    assert answer.missing == (gone,)
    assert answer.console_listen == "192.0.2.2"
    assert (answer.cpu, answer.incoming) == (CpuComparison.ERROR, 0)
    assert scene.fake.guest(NAME).id == domid


def test_names_are_looked_for_only_where_one_must_be_free(scene: Scene) -> None:
    """Asking Xen for them takes half of the time of the whole answer."""
    scene.toolstack.all[9] = XenDomain(domid=9, name="orphan", uuid=OTHER)
    assert scene.peer.ask(Inquiry(name="", uuid=UUID)).domains == {}
    assert "orphan" in scene.peer.ask(Inquiry(name=NAME, uuid=UUID)).domains


def test_its_address_is_the_operators_choice(scene: Scene) -> None:
    peer = scene.with_options(inbound_addr="2001:db8::2")
    assert peer.ask(Inquiry(name=NAME, uuid=UUID)).address == "2001:db8::2"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (2, CpuComparison.SUPERSET),
        (1, CpuComparison.IDENTICAL),
        (0, CpuComparison.INCOMPATIBLE),
        (-1, CpuComparison.ERROR),
        (77, CpuComparison.ERROR),
        (None, CpuComparison.ERROR),
    ],
)
def test_processors(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    said: int | None,
    found: CpuComparison,
) -> None:
    asked: list[Any] = []

    def compare(_self: object, *arguments: Any) -> int:
        asked.append(arguments)
        if said is None:
            raise libvirt.libvirtError("this function is not supported")
        return said

    kind = type(scene.fake.connect())
    monkeypatch.setattr(kind, "compareCPU", compare, raising=False)
    answer = scene.peer.ask(Inquiry(name=NAME, uuid=UUID, cpu="<cpu/>"))
    assert (answer.cpu, asked) == (found, [("<cpu/>", 0)])


def test_it_reads_no_other_files(scene: Scene) -> None:
    with pytest.raises(exceptions.InvalidRequest, match="/etc/shadow"):
        scene.peer.ask(Inquiry(name=NAME, uuid=UUID, proofs=("/etc/shadow",)))


def test_a_migration_from_beginning_to_end(scene: Scene) -> None:
    other = scene.new_journals()
    sent = journal()
    scene.peer.begin(sent)
    assert other.load(UUID) == kept(sent)
    assert other.busy(UUID)
    assert scene.peer.ask(Inquiry(name=NAME, uuid=UUID)).incoming == 1
    copying = dataclasses.replace(sent, state=MigrationState.COPYING)
    scene.peer.note(copying)
    assert other.load(UUID) == kept(copying)
    domid = scene.run()
    finishing = dataclasses.replace(sent, state=MigrationState.FINISHING)
    scene.peer.arrived(finishing, document(memory=262144), 50)
    assert other.load(UUID) == kept(finishing)
    assert scene.toolstack.caps == {domid: 50}
    guest = scene.fake.guest(NAME)
    assert (guest.config.findtext("memory"), guest.active) == ("262144", True)
    scene.peer.end(sent.id)
    scene.peer.end(sent.id)
    assert (other.load(UUID), other.busy(UUID)) == (None, False)


def test_a_definition_is_synced_once_it_is_made(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source's libvirt has forgotten its own by then."""
    made: list[int] = []

    def look() -> None:
        made.append([call.method for call in scene.fake.calls].count("defineXMLFlags"))

    monkeypatch.setattr(local, "sync_definitions", look)
    scene.run()
    scene.peer.begin(journal())
    before = [call.method for call in scene.fake.calls].count("defineXMLFlags")
    scene.peer.arrived(journal(), document(), None)
    assert made == [before + 1]


def test_a_guest_without_a_cap_is_given_none(scene: Scene) -> None:
    scene.run()
    scene.peer.begin(journal())
    scene.peer.arrived(journal(), document(), None)
    assert scene.toolstack.caps == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (document(OTHER, "db"), f"the document is that of {OTHER}"),
        ("<domain/>", "the document is that of no server"),
        ("<domain>", "no well-formed XML"),
        ("", "no well-formed XML"),
    ],
)
def test_another_servers_document_is_refused(scene: Scene, text: str, why: str) -> None:
    scene.run()
    scene.run(OTHER, "db")
    scene.peer.begin(journal())
    before = len(scene.fake.calls)
    with pytest.raises(exceptions.HypervisorError, match=why):
        scene.peer.arrived(journal(), text, None)
    assert len(scene.fake.calls) == before


def test_what_did_not_begin_is_not_noted(scene: Scene) -> None:
    actions: tuple[Callable[[], object], ...] = (
        lambda: scene.peer.note(journal()),
        lambda: scene.peer.arrived(journal(), document(), None),
    )
    for act in actions:
        with pytest.raises(exceptions.MigrationNotFound, match="m-1"):
            act()
    assert scene.journals.all() == ()
    assert not scene.new_journals().busy(UUID)


def test_a_guest_that_another_process_works_on_is_refused(scene: Scene) -> None:
    with scene.new_journals().hold(UUID) or pytest.fail("it is free"):
        with pytest.raises(exceptions.MigrationRefused, match="another process works"):
            scene.peer.begin(journal())
        assert scene.journals.all() == ()


def test_a_second_migration_of_a_guest_is_refused(scene: Scene) -> None:
    scene.peer.begin(journal())
    scene.peer.begin(journal())
    with pytest.raises(exceptions.MigrationRefused, match="another process works"):
        scene.peer.begin(journal(id="m-9"))
    assert scene.journals.load(UUID) == kept(journal())
    scene.peer.end("m-1")
    assert not scene.new_journals().busy(UUID)


ENDED = (MigrationState.DONE, MigrationState.ABORTED, MigrationState.FAILED)


@pytest.mark.parametrize("state", MigrationState)
def test_one_that_died_here_must_be_put_right_first(
    scene: Scene, state: MigrationState
) -> None:
    scene.journals.keep(journal(id="m-0", state=state))
    if state in ENDED:
        scene.peer.begin(journal())
        return
    with pytest.raises(exceptions.MigrationRefused, match="migration recover web"):
        scene.peer.begin(journal())
    assert not scene.new_journals().busy(UUID)
    again = journal(id="m-0", state=state)
    scene.peer.begin(again)
    assert scene.journals.load(UUID) == kept(again)


@pytest.mark.parametrize(("limit", "may"), [(0, True), (1, False), (2, True)])
def test_as_many_arrive_as_may(scene: Scene, limit: int, may: bool) -> None:
    peer = scene.with_options(max_concurrent=limit)
    elsewhere = scene.new_peer(scene.new_journals())
    elsewhere.begin(journal(OTHER))
    if may:
        peer.begin(journal())
        assert peer.ask(Inquiry(name=NAME, uuid=UUID)).incoming == 2
        elsewhere.close()
        return
    with pytest.raises(exceptions.MigrationRefused, match="1 guests arrive there"):
        peer.begin(journal())
    assert not scene.new_journals().busy(UUID)
    elsewhere.close()  # its process died: nobody waits for what it left
    peer.begin(journal())


def test_what_was_lost_is_held_again(scene: Scene) -> None:
    scene.peer.begin(journal())
    scene.peer.close()
    again = scene.new_peer()
    assert not scene.new_journals().busy(UUID)
    again.note(journal(state=MigrationState.COPYING))
    assert scene.new_journals().busy(UUID)
    again.close()


def test_an_end_does_not_touch_what_another_puts_right(scene: Scene) -> None:
    scene.journals.keep(journal())
    other = scene.new_journals()
    with other.hold(UUID) or pytest.fail("it is free"):
        with pytest.raises(exceptions.MigrationTooLate, match="works on it there"):
            scene.new_peer().end("m-1")
        assert other.load(UUID) is not None


def _incoming(scene: Scene) -> None:
    guest = Guest(NAME, UUID, scene.fake.guests[OTHER].current, job=Job("prepare"))
    scene.fake.guests[UUID] = guest


def _returning(scene: Scene) -> None:
    _off(scene)
    scene.fake.guest(NAME).job = Job("prepare")


def _off(scene: Scene) -> None:
    scene.fake.connect().defineXML(document())


def _transient(scene: Scene) -> None:
    scene.run()
    scene.fake.guest(NAME).persistent = False


VIEWS: dict[str, tuple[Any, LibvirtView, bool]] = {
    "nothing": (lambda scene: None, LibvirtView.NONE, False),
    "off": (_off, LibvirtView.OFF, True),
    "running": (lambda scene: scene.run(), LibvirtView.RUNNING, True),
    "paused": (lambda scene: scene.run(paused=True), LibvirtView.PAUSED, True),
    "transient": (_transient, LibvirtView.RUNNING, False),
    "incoming": (_incoming, LibvirtView.INCOMING, False),
    "returning": (_returning, LibvirtView.INCOMING, True),
}


@pytest.mark.parametrize("case", VIEWS)
def test_what_libvirt_has(scene: Scene, case: str) -> None:
    prepare, libvirt_view, persistent = VIEWS[case]
    scene.run(OTHER, "db")
    prepare(scene)
    ours = tuple(d for d in scene.toolstack.domains() if d.uuid == UUID)
    assert scene.peer.view(UUID, NAME) == GuestView(
        side=Side.DESTINATION,
        libvirt=libvirt_view,
        persistent=persistent,
        xen=ours,
        boot_id=boot_id(),
    )


@pytest.mark.parametrize(
    ("side", "boot", "held"),
    [
        (Side.SOURCE, boot_id(), 5),
        (Side.SOURCE, "before the reboot", None),
        (Side.DESTINATION, boot_id(), None),
    ],
)
def test_what_a_migration_paused_is_told(
    scene: Scene, side: Side, boot: str, held: int | None
) -> None:
    own = dataclasses.replace(journal(), side=side, boot_id=boot)
    scene.journals.keep(own)
    assert scene.peer.view(UUID, NAME).held is None
    write_mark(scene.journals.path(UUID), 5)
    assert scene.peer.view(UUID, NAME).held == held
    scene.journals.remove(UUID)
    assert scene.peer.view(UUID, NAME).held is None
    assert os.listdir(scene.journals.folder) == []


@pytest.mark.parametrize(
    ("uuid", "name", "ours"),
    [
        (UUID, NAME, True),
        (UUID, f"{NAME}--incoming", True),
        (UUID, "(null)", True),
        (OTHER, NAME, False),
        ("", NAME, True),
        ("", f"{NAME}--incoming", True),
        ("", "db", False),
        ("00000000-0000-0000-0000-000000000000", NAME, True),
    ],
)
def test_which_domains_are_the_guests(
    scene: Scene, uuid: str, name: str, ours: bool
) -> None:
    domain = XenDomain(domid=7, name=name, uuid=uuid, paused=True)
    scene.toolstack.all[7] = domain
    assert scene.peer.view(UUID, NAME).xen == ((domain,) if ours else ())


def test_who_works_on_it(scene: Scene) -> None:
    scene.peer.begin(journal())
    mine = scene.peer.view(UUID, NAME)
    assert (mine.journal, mine.busy) == (kept(journal()), False)
    other = scene.new_peer(scene.new_journals(), side=Side.SOURCE)
    seen = other.view(UUID, NAME)
    assert (seen.journal, seen.busy, seen.side) == (mine.journal, True, mine.side)
    scene.peer.close()
    assert not other.view(UUID, NAME).busy


def test_nothing_is_put_right_while_another_works_on_it(scene: Scene) -> None:
    scene.peer.begin(journal())
    other = scene.new_peer(scene.new_journals())
    with pytest.raises(exceptions.MigrationUndecided, match="another process works"):
        other.carry_out(UUID, NAME, FORGET)
    assert scene.journals.load(UUID) is not None
    scene.peer.carry_out(UUID, NAME, FORGET)
    assert scene.journals.load(UUID) is None
    scene.peer.close()
    scene.journals.keep(journal())
    other.carry_out(UUID, NAME, FORGET)
    assert scene.journals.load(UUID) is None
    assert not scene.journals.busy(UUID)


@pytest.mark.parametrize("side", Side)
def test_a_job_of_libvirt_counts_at_the_source(scene: Scene, side: Side) -> None:
    """At the destination it stays for ever when the source died."""
    scene.run()
    scene.fake.guest(NAME).job = Job("perform")
    assert scene.new_peer(side=side).view(UUID, NAME).busy is (side is Side.SOURCE)
    # the journal knows better which of the two this host is
    scene.journals.keep(journal(side=side))
    with scene.journals.hold(UUID) or pytest.fail("it is free"):
        seen = scene.peer.view(UUID, NAME)
    assert seen.busy is (side is Side.SOURCE)


def test_what_is_refused_on_the_way_does_not_say_nothing_was_changed(
    scene: Scene,
) -> None:
    scene.journals.keep(journal())
    actions: tuple[Callable[[], object], ...] = (
        lambda: scene.peer.note(journal()),
        lambda: scene.peer.arrived(journal(), document(), None),
        lambda: scene.peer.end("m-1"),
    )
    with scene.new_journals().hold(UUID) or pytest.fail("it is free"):
        for act in actions:
            with pytest.raises(exceptions.MigrationTooLate) as told:
                act()
            assert "Nothing was changed" not in str(told.value)
            assert "cannot be continued on host" in str(told.value)


RESTART = RecoveryStep(side=Side.DESTINATION, action=RecoveryAction.RESTART_LIBVIRTD)
START = RecoveryStep(side=Side.DESTINATION, action=RecoveryAction.START)


@pytest.fixture
def restarted(scene: Scene, tmp_path: pathlib.Path) -> pathlib.Path:
    """The file that a restart of libvirtd makes."""
    made = tmp_path / "restarted"
    scene.with_options(restart_command=("touch", str(made)))
    return made


def test_no_restart_cuts_the_migration_of_another(
    scene: Scene, restarted: pathlib.Path
) -> None:
    other = scene.new_journals()
    with other.hold(OTHER) or pytest.fail("it is free"):
        other.keep(journal(OTHER, name="db"))
        with pytest.raises(exceptions.MigrationUndecided) as told:
            scene.peer.carry_out(UUID, NAME, RESTART)
        assert not restarted.exists()
    advice = told.value.context["advice"]
    assert advice.startswith(f"Server {NAME}: libvirtd on host ")
    assert advice.endswith("cut the migration of db: wait until that has ended")
    scene.peer.carry_out(UUID, NAME, RESTART)
    assert restarted.exists()


@pytest.mark.parametrize(
    ("side", "cut"), [(Side.SOURCE, False), (Side.DESTINATION, True)]
)
def test_nor_that_of_a_dead_process_which_libvirt_goes_on_with(
    scene: Scene, restarted: pathlib.Path, side: Side, cut: bool
) -> None:
    """At the destination such a job stays for ever, and only a restart clears it."""
    scene.run(OTHER, "db")
    scene.fake.guest("db").job = Job("migration", True)
    scene.new_journals().keep(journal(OTHER, name="db", side=side))
    if cut:
        scene.peer.carry_out(UUID, NAME, RESTART)
    else:
        with pytest.raises(exceptions.MigrationUndecided, match="migration of db"):
            scene.peer.carry_out(UUID, NAME, RESTART)
    assert restarted.exists() is cut


def test_who_begins_to_arrive_waits_for_the_restart(
    scene: Scene, restarted: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    order: list[str] = []
    other = scene.new_peer(scene.new_journals())
    restart = scene.peer._restart

    def begin() -> None:
        begun.set()
        other.begin(journal(OTHER, name="db"))
        order.append("begun")

    thread = threading.Thread(target=begin)

    def slowly(*given: Any) -> None:
        thread.start()
        begun.wait(20)
        restart(*given)
        order.append("restarted")

    monkeypatch.setattr(scene.peer, "_restart", slowly)
    scene.peer.carry_out(UUID, NAME, RESTART)
    thread.join(20)
    other.close()
    assert order == ["restarted", "begun"]


def off(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The guest is off; gives the list of those that are started from their disks."""
    started: list[str] = []
    scene.fake.connect().defineXML(document())

    def power_on(_host: Host, name: str, *, discard_memory: bool) -> None:
        assert discard_memory, "memory from before the migration"
        started.append(name)

    monkeypatch.setattr("nova_xen.migration.peer.start.power_on", power_on)
    return started


def test_a_start(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    started = off(scene, monkeypatch)
    dying = XenDomain(domid=9, name=NAME, uuid=UUID, paused=True, dying=True)
    scene.toolstack.all[9] = dying
    scene.peer.carry_out(UUID, NAME, START)
    assert started == [UUID]


def test_what_runs_is_not_started(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = off(scene, monkeypatch)
    scene.toolstack.all[9] = XenDomain(domid=9, name=NAME, uuid=UUID)
    scene.peer.carry_out(UUID, NAME, START)
    assert started == []


@pytest.mark.parametrize("still", ["paused", "suspended", "ended"])
def test_nothing_is_started_beside_what_stands_still(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, still: str
) -> None:
    started = off(scene, monkeypatch)
    left = XenDomain(domid=9, name=NAME, uuid=UUID, **{still: True})
    scene.toolstack.all[9] = left
    with pytest.raises(exceptions.ToolstackFailed, match="it still has domain 9"):
        scene.peer.carry_out(UUID, NAME, START)
    assert started == []


def test_a_full_disk_leaves_nothing_of_a_migration_that_did_not_begin(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(sent: MigrationJournal) -> None:
        part = part_name(os.path.join(scene.journals.folder, f"{sent.uuid}.json"))
        pathlib.Path(part).write_text("{")
        raise exceptions.ToolFailed(
            server=NAME, tool="cp", doing="writing", why="No space left on device"
        )

    with monkeypatch.context() as patch:
        patch.setattr(scene.journals, "keep", fill)
        with pytest.raises(exceptions.ToolFailed):
            scene.peer.begin(journal())
    assert list(pathlib.Path(scene.journals.folder).iterdir()) == []
    scene.peer.begin(journal())


def test_a_view_tells_the_boot_that_it_is_of(scene: Scene) -> None:
    peer = scene.new_peer(boot=lambda: "this one")
    peer.begin(journal())
    seen = peer.view(UUID, NAME)
    assert seen.journal is not None
    assert (seen.boot_id, seen.journal.boot_id) == ("this one", "this one")
    assert scene.new_peer(boot=lambda: "next").view(UUID, NAME).boot_id == "next"
    peer.close()
