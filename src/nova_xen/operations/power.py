# SPDX-License-Identifier: Apache-2.0
"""On, off, reboot, pause: each asks first what the guest is doing."""

import time

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.hypervisor import OFF_STATES, Guest, LogMark
from nova_xen.model import PowerState
from nova_xen.operations.host import Host
from nova_xen.operations.start import start_guest
from nova_xen.operations.steps import Step, run_steps
from nova_xen.planning.cpu import cap_percent


def _wrong(
    name: str, action: str, state: PowerState, advice: str
) -> exceptions.WrongState:
    return exceptions.WrongState(
        server=name, action=action, state=state.value, advice=advice
    )


def cap_of(domain: Domain) -> int | None:
    """The scheduler's cap that a server's flavor asks for, read back from metadata."""
    if domain.instance is None:
        return None
    specs = {spec.name: spec.value for spec in domain.instance.flavor.extra_specs}
    return cap_percent(specs, domain.vcpus)


def power_on(host: Host, name: str) -> None:
    """Start a server that is off.

    :raises WrongState: it runs already
    :raises FileMissing: one of its disks is gone, which libxl would not notice
    """
    guest, domain = host.find(name)
    state = guest.state()
    if state not in OFF_STATES:
        raise _wrong(name, "started", state, "stop it first or use reboot")
    _start(host, guest, domain)


def _start(host: Host, guest: Guest, domain: Domain) -> None:
    host.require_startable(domain, guest.name)
    start = Step("start it", lambda: start_guest(guest, cap_of(domain)), guest.destroy)
    run_steps(guest.name, "started", [start], LogMark.take(guest.name))


def power_off(host: Host, name: str, timeout: int | None) -> None:
    """Shut down, and switch off what does not shut down within ``timeout`` seconds.

    :raises WrongState: it is off already
    """
    guest, _domain = host.find(name)
    state = guest.state()
    if state in OFF_STATES:
        raise _wrong(name, "stopped", state, "there is nothing to do")
    wait = host.shutdown_timeout if timeout is None else timeout
    if wait and _shut_down(guest, state, wait):
        return
    _switch_off(guest)


def _shut_down(guest: Guest, state: PowerState, seconds: int) -> bool:
    """Ask, wait, and say whether it went off; a paused guest hears nothing."""
    if state is PowerState.PAUSED:
        guest.resume()
    if state is not PowerState.STOPPING:
        guest.shutdown()
    return guest.wait_for_state(_is_off, seconds) in (None, *OFF_STATES)


def _is_off(state: PowerState | None) -> bool:
    return state is None or state in OFF_STATES


def _switch_off(guest: Guest) -> None:
    guest.destroy()
    guest.wait_for_state(_is_off, 30)


def reboot(host: Host, name: str, *, hard: bool) -> None:
    """Reboot; hard, or when the guest does not within its time, by off and on.

    :raises WrongState: it is off, or paused and the reboot is to be soft
    """
    guest, domain = host.find(name)
    state = guest.state()
    if state in OFF_STATES:
        raise _wrong(name, "rebooted", state, "start it instead")
    if not hard:
        if state is PowerState.PAUSED:
            raise _wrong(name, "rebooted", state, "unpause it or use --hard")
        if _reboot_softly(guest, domain, host.reboot_timeout):
            return
    host.require_startable(domain, guest.name)
    _switch_off(guest)
    _start(host, guest, domain)


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
        raise _wrong(name, "paused", state, "only a running server can be")
    guest.suspend()


def unpause(host: Host, name: str) -> None:
    """Let the vCPUs of a paused server go on.

    :raises WrongState: it is not paused
    """
    guest, _domain = host.find(name)
    state = guest.state()
    if state is not PowerState.PAUSED:
        raise _wrong(name, "unpaused", state, "only a paused server can be")
    guest.resume()
