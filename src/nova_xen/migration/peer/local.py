# SPDX-License-Identifier: Apache-2.0
"""The side of a migration that is on this host, done in this process."""

import contextlib
import dataclasses
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

from nova_xen import exceptions
from nova_xen.hypervisor import keep_definition, sync_definitions
from nova_xen.hypervisor.pause_mark import end_pausing
from nova_xen.migration.interfaces import Toolstack
from nova_xen.migration.journal import Hold, Journals, boot_id
from nova_xen.migration.peer import refusals, sight
from nova_xen.migration.peer.actions import Patience, Scene, carry_out
from nova_xen.migration.peer.proof import PATIENCE, read_proofs
from nova_xen.migration.peer.start import forget_saved, start
from nova_xen.model import (
    GuestView,
    Inquiry,
    MigrationHost,
    MigrationJournal,
    MigrationOptions,
    RecoveryAction,
    RecoveryStep,
    Side,
)
from nova_xen.operations.host import Host

#: seconds for who only looks whether a guest is held
_BEGINNING = 0.5


class LocalPeer:
    """:class:`nova_xen.migration.interfaces.Peer` for this host.

    A guest that begins to arrive is held until it ends or this object is closed; the
    kernel lets go of it when the process dies. ``side`` is what views are said to be
    of where no journal tells.
    """

    def __init__(
        self,
        host: Host,
        options: MigrationOptions,
        toolstack: Toolstack,
        journals: Journals,
        *,
        clock: Callable[[], float] = time.time,
        side: Side = Side.DESTINATION,
        patience: Patience | None = None,
        proof_patience: float = PATIENCE,
        boot: Callable[[], str] = boot_id,
    ) -> None:
        self._host = host
        self._options = options
        self._toolstack = toolstack
        self._journals = journals
        self._clock = clock
        self._side = side
        self._patience = patience or Patience()
        self._proof_patience = proof_patience
        self._boot = boot
        self._holds: dict[str, tuple[str, Hold]] = {}
        self._lock = threading.RLock()

    def ask(self, inquiry: Inquiry) -> MigrationHost:
        """Tell what this host is and has; nothing is changed.

        :raises InvalidRequest: a proof is asked for that is none
        :raises HypervisorError, ToolstackFailed: libvirt or Xen cannot be asked
        """
        connection = self._host.connection
        proofs = read_proofs(inquiry.proofs, patience=self._proof_patience)
        facts = self._host.facts(inquiry.formats, programs=False)
        return MigrationHost(
            hostname=facts.hostname,
            address=self._options.inbound_addr or facts.hostname,
            xen_version=facts.xen_version,
            libvirt_version=facts.libvirt_version,
            clock=self._clock(),
            free_memory_mib=facts.free_memory_mib,
            autoballoon=facts.autoballoon,
            max_vcpus={mode: each.max_vcpus for mode, each in facts.modes.items()},
            virt_caps=self._toolstack.virt_caps(),
            bridges=tuple(facts.bridges),
            domains=sight.all_names(connection, self._toolstack, inquiry.name),
            missing=sight.missing_files(inquiry.files),
            proofs=proofs,
            unserved_formats=tuple(sorted(facts.unserved_formats)),
            cpu=sight.compare_cpu(connection, inquiry.cpu),
            console_listen=self._host.options.vnc_listen,
            incoming=len(refusals.arriving(self._journals)),
        )

    def missing(self, files: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``files`` that are not here, or not to be seen by this user."""
        return sight.missing_files(files)

    def begin(self, journal: MigrationJournal) -> None:
        """Hold the arriving guest and keep its journal, with this process's numbers.

        :raises MigrationRefused: somebody works on the guest here, an earlier
            migration of it died here, or as many arrive already as may
        """
        with self._lock, self._journals.alone():
            held = self._take(journal, _BEGINNING)
            if held is None:
                why = "another process works on a migration of it there"
                raise refusals.refused(journal, why)
            try:
                refusals.require_fresh(journal, self._journals.load(journal.uuid))
                there = refusals.arriving(self._journals)
                others = [uuid for uuid in there if uuid != journal.uuid]
                limit = self._options.max_concurrent
                refusals.require_room(journal, len(others), limit)
                forget_saved(self._host.connection, journal.name)
                self._keep_first(journal)
            except BaseException:
                if held:
                    self._let_go(journal.uuid)
                raise

    def _keep_first(self, journal: MigrationJournal) -> None:
        try:
            self._journals.keep(self._of_this_process(journal))
        except BaseException:
            # nobody would come back for what a full disk left of it
            with contextlib.suppress(exceptions.NovaXenError):
                self._journals.remove(journal.uuid)
            raise

    def note(self, journal: MigrationJournal) -> None:
        """Keep the journal's new state, and hold the guest again where need be.

        :raises MigrationNotFound: it has not begun here, or was put right meanwhile
        :raises MigrationTooLate: somebody else works on the guest
        """
        with self._lock:
            held = self._continue(journal)
            kept = self._journals.load(journal.uuid)
            if kept is None or kept.id != journal.id:
                if held:
                    self._let_go(journal.uuid)
                raise exceptions.MigrationNotFound(migration=journal.id)
            self._journals.keep(self._of_this_process(journal))

    def arrived(
        self, journal: MigrationJournal, document: str, cap: int | None
    ) -> None:
        """Keep ``document`` as the guest's definition and set its cap (percent).

        :raises MigrationNotFound: it has not begun here, or was put right meanwhile
        :raises MigrationTooLate: somebody else works on the guest
        :raises HypervisorError: the document is another server's or libvirt refuses it
        """
        self.note(journal)
        refusals.require_same(journal, document)
        guest = keep_definition(self._host.connection, document, journal.name)
        sync_definitions()
        domid = None if cap is None else guest.domid()
        if cap is not None and domid is not None:
            self._toolstack.set_cap(domid, cap)

    def view(self, uuid: str, name: str) -> GuestView:
        """Tell what libvirt, Xen and the journal of this host have of a guest.

        A guest that is held through this object's own journals is not busy, for who
        asks works on it, unless the source's libvirt still has a job on it.
        """
        journal = self._journals.load(uuid)
        known = sight.known_to_libvirt(self._host.connection, uuid)
        side = self._side if journal is None else journal.side
        return GuestView(
            side=side,
            libvirt=known.view,
            persistent=known.persistent,
            held=sight.held_domain(self._journals, journal, self._boot()),
            xen=sight.domains_of(self._toolstack, uuid, name),
            journal=journal,
            busy=(known.job and side is Side.SOURCE)
            or (self._journals.busy(uuid) and not self._journals.held(uuid)),
            boot_id=self._boot(),
        )

    def carry_out(self, uuid: str, name: str, step: RecoveryStep) -> None:
        """Do one step while nobody else works on the guest.

        :raises MigrationUndecided: somebody does, or a person must do it
        """
        scene = Scene(
            connection=self._host.connection,
            toolstack=self._toolstack,
            journals=self._journals,
            restart_command=self._options.restart_command,
            uuid=uuid,
            name=name,
            here=socket.gethostname(),
            patience=self._patience,
        )
        with self._held(scene):
            end_pausing(scene.journal)
            match step.action:
                case RecoveryAction.START:
                    start(self._host, scene)
                case RecoveryAction.RESTART_LIBVIRTD:
                    # who would begin to arrive waits until libvirtd is there again
                    with self._journals.alone():
                        others = self._moving(uuid)
                        refusals.require_quiet(name, scene.here, others)
                        self._restart(scene, step)
                case _:
                    carry_out(scene, step)

    def _restart(self, scene: Scene, step: RecoveryStep) -> None:
        carry_out(scene, step)

    def _moving(self, uuid: str) -> tuple[str, ...]:
        """Other servers that a process, or libvirt for a dead one, migrates here."""
        return tuple(
            each.name
            for each in self._journals.all()
            if each.uuid != uuid
            if self._journals.busy(each.uuid) or self.view(each.uuid, each.name).busy
        )

    def end(self, migration_id: str) -> None:
        """Remove the journal and let go of the guest; none is no error.

        :raises MigrationTooLate: somebody else works on the guest
        """
        with self._lock:
            journal = self._journals.find(migration_id)
            if journal is not None:
                self._end(journal)
            for uuid, (held_id, _hold) in list(self._holds.items()):
                if held_id == migration_id:
                    self._let_go(uuid)

    def _end(self, journal: MigrationJournal) -> None:
        # when the source was gone for long, somebody else may have put this right
        held = self._continue(journal)
        try:
            kept = self._journals.load(journal.uuid)
            if kept is not None and kept.id == journal.id:
                self._journals.remove(journal.uuid)
        finally:
            if held:
                self._let_go(journal.uuid)

    def close(self) -> None:
        """Let go of every guest; journals stay for who puts them right."""
        with self._lock:
            for uuid in list(self._holds):
                self._let_go(uuid)

    def _take(self, journal: MigrationJournal, patience: float) -> bool | None:
        """Hold the guest for a migration; False when that is so already.

        None when another migration or process has it.
        """
        mine = self._holds.get(journal.uuid)
        if mine is not None:
            return False if mine[0] == journal.id else None
        hold = self._journals.hold(journal.uuid, patience=patience)
        if hold is None:
            return None
        self._holds[journal.uuid] = (journal.id, hold)
        return True

    def _continue(self, journal: MigrationJournal) -> bool:
        """Hold the guest of a migration under way; False when that is so already."""
        held = self._take(journal, self._patience.leaving)
        if held is None:
            raise refusals.too_late(journal)
        return held

    def _let_go(self, uuid: str) -> None:
        _id, hold = self._holds.pop(uuid)
        hold.release()

    @contextlib.contextmanager
    def _held(self, scene: Scene) -> Iterator[None]:
        if self._journals.held(scene.uuid):
            yield
            return
        hold = self._journals.hold(scene.uuid, patience=self._patience.leaving)
        if hold is None:
            raise refusals.worked_on(scene.name, scene.here)
        with hold:
            yield

    def _of_this_process(self, journal: MigrationJournal) -> MigrationJournal:
        return dataclasses.replace(
            journal, side=Side.DESTINATION, pid=os.getpid(), boot_id=self._boot()
        )
