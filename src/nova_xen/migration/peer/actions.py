# SPDX-License-Identifier: Apache-2.0
"""The steps that put the remains of a dead migration right, on the host they are on.

Each looks again before it acts, and is nothing when what it is for is gone: between
the plan and the step the guest may have ended, moved or been put right by a person.
"""

import dataclasses
import logging
import os
import shlex
import signal
import subprocess  # nosec B404
import time
from collections.abc import Callable

from nova_xen import exceptions
from nova_xen.hypervisor import Connection, Guest, keep_definition
from nova_xen.hypervisor.pause_mark import forget_mark, paused_domain
from nova_xen.images.tools.tool import last_words
from nova_xen.migration.interfaces import Toolstack
from nova_xen.migration.journal import Journals
from nova_xen.migration.peer.sight import Known, is_of, known_to_libvirt
from nova_xen.model import LibvirtView, RecoveryAction, RecoveryStep, XenDomain

LOG = logging.getLogger(__name__)

_PAUSE = 0.2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds that each may take: a domain to go, libvirtd to restart and to answer.

    ``leaving`` is for a process of this kind to end whose source went away.
    """

    domain: float = 60.0
    restart: float = 120.0
    answer: float = 60.0
    leaving: float = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """The guest and the host that steps are done on; ``here`` is the host's name."""

    connection: Connection
    toolstack: Toolstack
    journals: Journals
    restart_command: tuple[str, ...]
    uuid: str
    name: str
    here: str
    patience: Patience = Patience()

    @property
    def journal(self) -> str:
        """Where this host's journal of the guest is."""
        return self.journals.path(self.uuid)

    def known(self) -> Known:
        """What libvirt has of the guest now."""
        return known_to_libvirt(self.connection, self.uuid)

    def domain(self, domid: int | None) -> XenDomain | None:
        """The guest's domain of this id, None once it is gone.

        :raises ToolstackFailed: that domain is another guest's, or none was named
        """
        if domid is None:
            raise _failed(self, "a domain", "no domain was named")
        found = [each for each in self.toolstack.domains() if each.domid == domid]
        if not found:
            return None
        if not is_of(found[0], self.uuid, self.name):
            other = f"it is that of {found[0].name} ({found[0].uuid}) now"
            raise _failed(self, f"domain {domid}", other)
        return found[0]


def _failed(scene: Scene, what: str, why: str) -> exceptions.ToolstackFailed:
    doing = f"putting {what} of server {scene.name} right on host {scene.here}"
    return exceptions.ToolstackFailed(doing=doing, why=why)


def carry_out(scene: Scene, step: RecoveryStep) -> None:
    """Do one step.

    :raises MigrationUndecided: a person must do it
    :raises ToolstackFailed, HypervisorError: Xen or libvirt refused
    """
    match step.action:
        case RecoveryAction.DESTROY:
            _destroy(scene, step)
        case RecoveryAction.RESUME:
            _resume(scene, step)
        case RecoveryAction.UNPAUSE:
            _unpause(scene, step)
        case RecoveryAction.RESTART_LIBVIRTD:
            _restart_libvirtd(scene)
        case RecoveryAction.PERSIST:
            _persist(scene)
        case RecoveryAction.DEFINE:
            _define(scene)
        case RecoveryAction.UNDEFINE:
            _undefine(scene)
        case RecoveryAction.FORGET:
            scene.journals.remove(scene.uuid)


def _destroy(scene: Scene, step: RecoveryStep) -> None:
    domain = scene.domain(step.domid)
    if domain is None:
        return
    still = domain.paused or domain.suspended or domain.ended or domain.dying
    if not still:
        why = "it runs, and what runs is ended by no recovery; look again where it is"
        raise _failed(scene, f"domain {domain.domid}", why)
    if not domain.dying:
        scene.toolstack.destroy(domain.domid)

    def is_gone() -> bool:
        left = scene.domain(domain.domid)
        return left is None or left.dying

    if not _wait(is_gone, scene.patience.domain):
        why = f"it is still there {scene.patience.domain:g} seconds after 'xl destroy'"
        raise _failed(scene, f"domain {domain.domid}", why)


def _resume(scene: Scene, step: RecoveryStep) -> None:
    domain = scene.domain(step.domid)
    if domain is None:
        return
    if domain.paused and paused_domain(scene.journal) == domain.domid:
        # first: killed in between it is suspended still
        scene.toolstack.unpause(domain.domid)
    if domain.suspended:
        scene.toolstack.resume(domain.domid)
    # who pauses it from now on is a person
    forget_mark(scene.journal)


def _unpause(scene: Scene, step: RecoveryStep) -> None:
    domain = scene.domain(step.domid)
    if domain is None:
        return
    known = scene.known()
    if known.view is LibvirtView.PAUSED and known.domid == domain.domid:
        _resume_by_libvirt(known.guest)
    left = scene.domain(domain.domid)
    if left is not None and left.paused:
        scene.toolstack.unpause(left.domid)


def _resume_by_libvirt(guest: Guest | None) -> None:
    """Tell libvirt too; it refuses when it is wrong about the guest (code 9, 55)."""
    try:
        if guest is not None:
            guest.resume()
    except exceptions.HypervisorUnavailable:
        raise
    except exceptions.HypervisorError as error:
        LOG.warning("libvirt does not let the guest go on, so Xen is told: %s", error)


def _persist(scene: Scene) -> None:
    known = scene.known()
    if known.guest is not None and known.domid is not None and not known.persistent:
        document = known.guest.xml(inactive=True, secure=True)
        keep_definition(scene.connection, document, scene.name)


def _define(scene: Scene) -> None:
    journal = scene.journals.load(scene.uuid)
    if journal is not None and journal.definition and scene.known().guest is None:
        keep_definition(scene.connection, journal.definition, scene.name)


def _undefine(scene: Scene) -> None:
    known = scene.known()
    if known.guest is None:
        return
    if known.domid is not None:
        raise exceptions.WrongState(
            server=scene.name,
            action=f"forgotten on host {scene.here}",
            state=known.view,
            advice="find out which of the two hosts shall run it",
        )
    known.guest.undefine()


def _restart_libvirtd(scene: Scene) -> None:
    """Guests go on meanwhile; the process that asks libvirt again must wait for it."""
    if not scene.restart_command:
        raise exceptions.MigrationUndecided(
            server=scene.name,
            destination=scene.here,
            why=f"libvirtd on host {scene.here} keeps a record of it that only a "
            "restart clears, and [xen] libvirtd_restart_command is empty there",
            advice=f"Restart libvirtd on host {scene.here} ('systemctl restart "
            "libvirtd'; guests go on)",
        )
    _run(scene.restart_command, scene.patience.restart)
    last: list[exceptions.NovaXenError] = []

    def answers() -> bool:
        try:
            scene.connection.call("getLibVersion", doing="waiting for libvirtd")
        except exceptions.HypervisorError as error:
            last.append(error)
            return False
        return True

    if not _wait(answers, scene.patience.answer):
        raise last[-1]


def _run(command: tuple[str, ...], seconds: float) -> None:
    try:
        process = subprocess.Popen(  # nosec B603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise _not_restarted(command, error.strerror or str(error)) from error
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        why = f"it did not end within {seconds:g} seconds"
        raise _not_restarted(command, why) from None
    if process.returncode != 0:
        why = last_words(command[0], said) or f"it ended with {process.returncode}"
        raise _not_restarted(command, why)


def _not_restarted(command: tuple[str, ...], why: str) -> exceptions.HypervisorError:
    doing = f"being restarted by '{shlex.join(command)}'"
    return exceptions.HypervisorError(doing=doing, server="", why=why, code=None)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Look until it holds; False when ``seconds`` went by first."""
    end = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < end:
        time.sleep(_PAUSE)
    return done
