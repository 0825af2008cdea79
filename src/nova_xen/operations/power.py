# SPDX-License-Identifier: Apache-2.0
"""On, off, reboot, pause: each asks first what the guest is doing."""

import time
from collections.abc import Callable

from nova_xen.domain import Domain
from nova_xen.hypervisor import OFF_STATES, Guest, LogMark
from nova_xen.model import PowerState
from nova_xen.operations.alone import alone, wrong_state
from nova_xen.operations.host import Host
from nova_xen.operations.resume import end_orphan, restore, unpause_guest
from nova_xen.operations.saved import forget_stale
from nova_xen.operations.start import Starting, cap_of
from nova_xen.operations.steps import run_steps
from nova_xen.operations.suspend import require_no_job


def power_on(host: Host, name: str, *, discard_memory: bool = False) -> None:
    """Start a server that is off; a suspended one goes on where it was.

    :param discard_memory: boot a suspended server anew, as after a power failure
    :raises WrongState: it runs already
    :raises FileMissing: one of its disks is gone, which libxl would not notice
    """
    guest, domain = host.find(name)
    with alone(host, guest, "started"):
        state = guest.state()
        if state not in OFF_STATES:
            advice = "stop it first or use reboot"
            raise wrong_state(name, "started", state, advice)
        suspended = state is PowerState.SUSPENDED
        if suspended and not discard_memory:
            restore(host, guest, domain, "started")
            return
        if suspended:
            end_orphan(host, guest, "started")
        if suspended and guest.saved_files() is None:
            guest.discard_image()  # what cannot be seen is not forgotten by itself
        _start(host, guest, domain)


def _start(host: Host, guest: Guest, domain: Domain) -> None:
    host.require_startable(domain, guest.name)
    start = Starting(guest, cap_of(domain)).step()
    run_steps(guest.name, "started", [start], LogMark.take(guest.name))


def power_off(host: Host, name: str, timeout: int | None) -> None:
    """Shut down, and switch off what does not shut down within ``timeout`` seconds.

    :raises WrongState: it is off already, or was suspended meanwhile
    """
    guest, domain = host.find(name)
    state = guest.state()
    if state in OFF_STATES:
        raise wrong_state(name, "stopped", state, "there is nothing to do")
    forget_stale(host, guest)
    wait = host.shutdown_timeout if timeout is None else timeout
    if state is PowerState.PAUSED and wait:
        _unpause(host, guest, domain, "stopped")  # a paused guest hears nothing
    if wait and _shut_down(guest, state, wait):
        return
    guest.destroy()
    _went_off(guest, 30)


def _shut_down(guest: Guest, state: PowerState, seconds: int) -> bool:
    """Ask, wait, and say whether it went off."""
    if state is not PowerState.STOPPING:
        guest.shutdown()
    return _went_off(guest, seconds)


def _went_off(guest: Guest, seconds: int) -> bool:
    """Wait; what was suspended meanwhile is off, and yet goes on where it was.

    :raises WrongState: it is suspended
    """
    state = guest.wait_for_state(_is_off, seconds)
    if state is PowerState.SUSPENDED:
        advice = "it was suspended meanwhile, and its memory is saved"
        raise wrong_state(guest.name, "stopped", state, advice)
    return _is_off(state)


def _is_off(state: PowerState | None) -> bool:
    return state is None or state in OFF_STATES


def _switch_off(guest: Guest) -> None:
    guest.destroy()
    guest.wait_for_state(_is_off, 30)


def reboot(
    host: Host,
    name: str,
    *,
    hard: bool,
    allowed: Callable[[], None] = lambda: None,
) -> None:
    """Reboot; hard, or when the guest does not within its time, by off and on.

    :param allowed: raises what speaks against off and on by then: the server may have
        begun to move to another host while it was waited for
    :raises WrongState: it is off, also meanwhile by another command, or it is paused
        and the reboot is to be soft
    :raises ServerBusy: another command, or libvirt, is at work on it
    """
    guest, domain = host.find(name)
    state = guest.state()
    _refuse_off(guest, state)
    forget_stale(host, guest)
    if not hard:
        if state is PowerState.PAUSED:
            raise wrong_state(name, "rebooted", state, "unpause it or use --hard")
        if _reboot_softly(guest, domain, host.reboot_timeout):
            return
    with alone(host, guest, "rebooted"):
        allowed()
        _require_on(guest)
        host.require_startable(domain, guest.name)
        _switch_off(guest)
        _start(host, guest, domain)


def _require_on(guest: Guest) -> None:
    """See that nobody else stopped or suspended it while it was waited for.

    A guest that reboots by itself is off for a moment, in which libvirt is at work.
    """
    state = guest.state()
    if state in OFF_STATES:
        require_no_job(guest, "rebooted")
    _refuse_off(guest, state)


def _refuse_off(guest: Guest, state: PowerState) -> None:
    if state in OFF_STATES:
        suspended = state is PowerState.SUSPENDED
        advice = "resume it first" if suspended else "start it instead"
        raise wrong_state(guest.name, "rebooted", state, advice)


def _reboot_softly(guest: Guest, domain: Domain, seconds: int) -> bool:
    """Whether the guest came back under a new Xen domain id, as reboots do."""
    before = guest.domid()
    guest.reboot()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _came_back(guest, before):
            cap = cap_of(domain)
            if cap is not None:
                guest.set_scheduler(cap=cap)
            return True
        time.sleep(0.5)
    return False


def _came_back(guest: Guest, before: int | None) -> bool:
    now = guest.domid()
    return now is not None and now != before and guest.state() is PowerState.RUNNING


def pause(host: Host, name: str) -> None:
    """Stop the vCPUs of a running server.

    :raises WrongState: it does not run
    """
    guest, _domain = host.find(name)
    state = guest.state()
    if state is not PowerState.RUNNING:
        raise wrong_state(name, "paused", state, "only a running server can be")
    forget_stale(host, guest)
    guest.suspend()


def unpause(host: Host, name: str) -> None:
    """Let the vCPUs of a paused server go on.

    :raises WrongState: it is not paused
    """
    guest, domain = host.find(name)
    state = guest.state()
    if state is not PowerState.PAUSED:
        raise wrong_state(name, "unpaused", state, "only a paused server can be")
    _unpause(host, guest, domain, "unpaused")


def _unpause(host: Host, guest: Guest, domain: Domain, action: str) -> None:
    with alone(host, guest, action):
        unpause_guest(guest, domain)
