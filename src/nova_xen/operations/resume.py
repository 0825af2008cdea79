# SPDX-License-Identifier: Apache-2.0
"""Resume a server: its saved memory is restored, and never lost when that fails.

libvirt removes the saved memory before it restores it. So its file gets a second name
first, the guest is started paused, and only once it has its memory the second name
goes; then it is let run. Where the guest never ran the file is put back, and never
otherwise: old memory with newer disks destroys a file system.
"""

import logging

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import OFF_STATES, Guest, LogMark
from nova_xen.model import PowerState
from nova_xen.operations.alone import alone, wrong_state
from nova_xen.operations.host import Host
from nova_xen.operations.saved import forget_beside, forget_saved, require_visible
from nova_xen.operations.start import cap_of, let_run
from nova_xen.operations.steps import Step, run_steps
from nova_xen.operations.suspend import UNNOTICED, require_no_job, standing_still

LOG = logging.getLogger(__name__)

_ADVICE = {
    PowerState.PAUSED: "unpause it instead",
    PowerState.STOPPED: "start it instead",
    PowerState.CRASHED: "start it instead",
    PowerState.STOPPING: "wait until it is off and start it then",
}


def resume(host: Host, name: str) -> None:
    """Let a suspended server go on where it was; also one whose resume was killed.

    :raises WrongState: it is not suspended
    :raises FileMissing: one of its disks is gone, which libxl would not notice
    :raises HostCannot: this process cannot see where libvirt keeps saved memory
    :raises StepFailed: libxl failed; the saved memory is there as before
    """
    guest, domain = host.find(name)
    with alone(host, guest, "resumed"):
        state = guest.state()
        if state is PowerState.SUSPENDED:
            restore(host, guest, domain, "resumed")
        elif not _gone_on(host, guest, domain, state):
            advice = _ADVICE.get(state, "only a suspended server can be")
            raise wrong_state(name, "resumed", state, advice)


def _gone_on(host: Host, guest: Guest, domain: Domain, state: PowerState) -> bool:
    """Whether it stood still, left so by a process that was killed, and goes on."""
    if state not in (PowerState.PAUSED, PowerState.RUNNING):
        return False
    # what stands still for a save that goes on is not to be resumed
    require_no_job(guest, "resumed")
    if state is PowerState.PAUSED:
        return _unpaused(guest, domain)
    forget_beside(guest)
    try:
        domid = standing_still(host, guest)
    except exceptions.ToolstackFailed as error:
        why = str(error).rstrip(".")
        advice = f"whether Xen keeps it suspended could not be asked: {why}"
        raise wrong_state(guest.name, "resumed", state, advice) from error
    if domid is None:
        return False
    _go_on_in_xen(host, guest, domid)
    return True


def _go_on_in_xen(host: Host, guest: Guest, domid: int) -> None:
    step = Step("let it go on in Xen", lambda: host.toolstack().resume(domid))
    run_steps(
        guest.name,
        "resumed",
        [step],
        LogMark.take(guest.name),
        lambda: "It stands still with its domain; resume it again.",
    )
    LOG.warning("Server %s runs on after a save that failed. %s", guest.name, UNNOTICED)


def _unpaused(guest: Guest, domain: Domain) -> bool:
    """A paused guest goes on if it was being resumed, or is asleep for a save."""
    if not _was_restored(guest) and not guest.is_asleep():
        return False
    unpause_guest(guest, domain)
    return True


def _was_restored(guest: Guest) -> bool:
    """Whether a resume of the guest was killed before it let it run."""
    files = guest.saved_files()
    return files is not None and files.kept


def unpause_guest(guest: Guest, domain: Domain) -> None:
    """Let a paused guest run, whoever left it so; for who is alone with it.

    The file goes first that a resume has left which was killed. What is asleep for a
    save that was cut short is woken: libvirt would not unpause it.
    """
    restored = _was_restored(guest)
    forget_beside(guest)
    if restored:
        let_run(guest, cap_of(domain))
    elif guest.is_asleep():
        guest.wake()
    else:
        guest.resume()


def restore(host: Host, guest: Guest, domain: Domain, action: str) -> None:
    """Start a suspended guest; for who is alone with it.

    :param action: "resumed" or "started", for errors
    :raises NovaXenError: as :func:`resume`
    """
    require_visible(guest)
    require_no_job(guest, action)
    host.require_startable(domain, guest.name)
    work = _Restore(host, guest, cap_of(domain), action)
    mark = LogMark.take(guest.name)
    run_steps(guest.name, action, work.steps(), mark, lambda: work.now)


def end_orphan(host: Host, guest: Guest, action: str) -> None:
    """End what a libvirtd that died while it restored the guest has left in Xen.

    Such a domain is paused and has never run, and libvirt does not know it: the next
    start would be refused for its name. For who is alone with a guest that is off; one
    that somebody else has begun to start by then is left alone.

    :param action: "resumed" or "started", for errors
    :raises WrongState: Xen runs the guest, though libvirt says that it is off
    :raises ServerBusy: libvirt starts it
    """
    tools = host.toolstack()
    try:
        found = [each for each in tools.domains() if each.uuid == guest.uuid]
    except exceptions.ToolstackFailed:
        return  # libvirt's own refusal is told then
    if found:
        require_no_job(guest, action)
        if guest.is_active():
            return
    for each in found:
        if not (each.paused or each.ended or each.dying):
            raise exceptions.WrongState(
                server=guest.name,
                action=action,
                state=f"running in Xen as domain {each.domid}, which libvirt lost",
                advice="restart libvirtd, or end it by 'xl destroy'",
            )
        if not each.dying:
            tools.destroy(each.domid)


class _Restore:
    """The steps of a resume, and what there is when one fails."""

    def __init__(self, host: Host, guest: Guest, cap: int | None, action: str) -> None:
        self._host = host
        self._guest = guest
        self._action = action
        self._saves = guest.saves
        self._cap = cap
        #: a sentence on what there is, once it was undone
        self.now = "Its saved memory is there as before."

    def steps(self) -> list[Step]:
        """Killed after any of them it is suspended, or paused with all its memory."""
        return [
            Step("give its saved memory a second name", self._keep),
            Step("restore it", self._guest.restore, self._put_back),
            Step("limit it", self._limit),
            Step("let go of its saved memory", self._forget),
            Step("let it go on", self._guest.resume),
        ]

    def _keep(self) -> None:
        end_orphan(self._host, self._guest, self._action)
        files = self._guest.saved_files()
        if files is not None and not files.image and files.kept:
            self._saves.put_back(self._guest.name)
        self._saves.keep(self._guest.name)

    def _limit(self) -> None:
        if self._cap is not None:
            self._guest.set_scheduler(cap=self._cap)

    def _put_back(self) -> None:
        """Never once it has a domain: its memory is in that, and may have gone on."""
        require_no_job(self._guest, "put back")
        state = self._guest.state()
        if state is not PowerState.SUSPENDED:
            forget = forget_saved if state in OFF_STATES else forget_beside
            forget(self._guest)
            self.now = f"It is {state.value} now."
            return
        files = self._guest.saved_files()
        if files is not None and files.kept:
            self._saves.put_back(self._guest.name)
        self.now = (
            "Its saved memory is there as before; resume it again, or start it "
            f"without by 'nova-xen server start {self._guest.name} --discard-memory'."
        )

    def _forget(self) -> None:
        self._saves.drop_kept(self._guest.name)
