# SPDX-License-Identifier: Apache-2.0
"""Suspend a server: its memory goes to disk and its domain ends."""

from nova_xen import exceptions
from nova_xen.hypervisor import Guest, LogMark
from nova_xen.model import PowerState
from nova_xen.operations.alone import alone, wrong_state
from nova_xen.operations.host import Host
from nova_xen.operations.saved import forget_beside, require_room, require_visible
from nova_xen.operations.steps import Step, run_steps
from nova_xen.planning.attached import Documents
from nova_xen.planning.plugged import check_alike

_ADVICE = {
    PowerState.PAUSED: "unpause it first, for the guest itself has to agree",
    PowerState.SUSPENDED: "there is nothing to do",
}

#: libxl tells libvirtd of a domain's shutdown once, and the suspension was that (its
#: source, libxl_domain.c); only a libvirtd that starts asks for it again
UNNOTICED = (
    "Restart libvirtd, or libvirt does not notice when it shuts down or reboots by "
    "itself."
)


def suspend(host: Host, name: str) -> None:
    """Save a running server's memory; a resume goes on with it.

    Killed meanwhile, libvirt goes on, and the server is suspended a moment later. Where
    libvirt fails then, the guest stands still with its domain until it is resumed.

    :raises WrongState: it does not run, or has other devices than at its next start
    :raises NotEnoughRoom: its memory does not fit where libvirt keeps it
    :raises HostCannot: this process cannot see that place
    :raises StepFailed: libxl failed; the server runs on
    """
    guest, domain = host.find(name)
    with alone(host, guest, "suspended"):
        state = guest.state()
        if state is not PowerState.RUNNING:
            advice = _ADVICE.get(state, "only a running server can be")
            raise wrong_state(name, "suspended", state, advice)
        check_alike(name, Documents(guest.domain(), guest.domain(inactive=True)))
        folder = require_visible(guest)
        forget_beside(guest)
        require_room(folder, domain.memory, server=name, action="suspended")
        save = _Save(host, guest)
        step = Step("save its memory", save.save, save.go_on)
        mark = LogMark.take(guest.name)
        run_steps(name, "suspended", [step], mark, lambda: save.now)


class _Save:
    """A save, and what becomes of a guest whose save failed."""

    def __init__(self, host: Host, guest: Guest) -> None:
        self._host = host
        self._guest = guest
        #: a sentence, once it was undone
        self.now = ""

    def save(self) -> None:
        self._guest.save()
        self._guest.saves.sync(self._guest.name)

    def go_on(self) -> None:
        """Let the guest go on with its domain, unless libvirt saves it still.

        The image goes first: it may be a part, and the guest's next start would restore
        it. Killed in between, the guest stands still and nothing is lost.
        """
        require_no_job(self._guest, "suspended")
        if not self._guest.is_active():
            self.now = f"It is {self._guest.state().value} now."
            return
        forget_beside(self._guest)
        resumed = resume_in_xen(self._host, self._guest)
        self.now = f"It runs on. {UNNOTICED}" if resumed else "It runs on."


def require_no_job(guest: Guest, action: str) -> None:
    """See that libvirt has ended what it does with the guest.

    :raises ServerBusy: it has not
    """
    if guest.has_job():
        raise exceptions.ServerBusy(server=guest.name, action=action, who="libvirt")


def resume_in_xen(host: Host, guest: Guest) -> bool:
    """Let a guest go on that stands still suspended in Xen; False when it does not.

    libvirt shows such a guest as running (seen on libvirt 9.0 and Xen 4.17). What is
    suspended for a save that goes on has a job by the time at which that is seen.

    :raises ServerBusy: it is being saved
    :raises ToolstackFailed: Xen's tools do not answer, or cannot
    """
    domid = standing_still(host, guest)
    if domid is None:
        return False
    host.toolstack().resume(domid)
    return True


def standing_still(host: Host, guest: Guest) -> int | None:
    """The id of a domain that is suspended in Xen and not being saved, else None.

    :raises ServerBusy: it is being saved
    :raises ToolstackFailed: Xen's tools do not answer
    """
    domid, domains = guest.domid(), host.toolstack().domains()
    if not any(each.domid == domid and each.suspended for each in domains):
        return None
    require_no_job(guest, "resumed")
    return domid
