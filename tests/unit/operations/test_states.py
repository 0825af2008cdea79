# SPDX-License-Identifier: Apache-2.0
"""Every operation in every state: what the server is then, or why it is refused."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from nova_xen import exceptions
from nova_xen.model import Plan
from nova_xen.operations import power
from nova_xen.operations.delete import delete
from nova_xen.operations.dump import dump
from nova_xen.operations.host import Host
from nova_xen.operations.query import get_server
from nova_xen.operations.resume import resume
from nova_xen.operations.spawn import spawn
from nova_xen.operations.suspend import suspend
from nova_xen.testing import FakeHost

MakePlan = Callable[..., Plan]
State = Callable[[Host, FakeHost], contextlib.AbstractContextManager[None]]


def reached(act: Callable[[Host, FakeHost], object]) -> State:
    """A state that lasts, by what leads a running server to it."""

    @contextlib.contextmanager
    def state(host: Host, fake: FakeHost) -> Iterator[None]:
        act(host, fake)
        yield

    return state


@contextlib.contextmanager
def stopping(host: Host, fake: FakeHost) -> Iterator[None]:
    """It has ended, and Xen has not torn its domain down yet."""
    with fake.lingering():
        fake.guest_powers_off("web")
        yield


def vanish(fake: FakeHost) -> None:
    """By virsh, while its folder stays."""
    domain = fake.connect().lookupByName("web")
    domain.destroy()
    domain.undefine()


STATES: dict[str, State] = {
    "running": reached(lambda host, fake: None),
    "libvirtd restarted": reached(lambda host, fake: fake.break_connection()),
    "paused": reached(lambda host, fake: power.pause(host, "web")),
    "stopping": stopping,
    "stopped": reached(lambda host, fake: fake.guest_powers_off("web")),
    "crashed": reached(lambda host, fake: fake.guest_crashes("web")),
    "suspended": reached(lambda host, fake: suspend(host, "web")),
    "vanished": reached(lambda host, fake: vanish(fake)),
}
OPERATIONS: dict[str, Callable[[Host], object]] = {
    "start": lambda host: power.power_on(host, "web"),
    "start anew": lambda host: power.power_on(host, "web", discard_memory=True),
    "stop": lambda host: power.power_off(host, "web", None),
    "stop at once": lambda host: power.power_off(host, "web", 0),
    "reboot": lambda host: power.reboot(host, "web", hard=False),
    "reset": lambda host: power.reboot(host, "web", hard=True),
    "pause": lambda host: power.pause(host, "web"),
    "unpause": lambda host: power.unpause(host, "web"),
    "suspend": lambda host: suspend(host, "web"),
    "resume": lambda host: resume(host, "web"),
    "dump": lambda host: dump(host, "web"),
    "dump and end": lambda host: dump(host, "web", crash=True),
    "delete": lambda host: delete(host, "web"),
}
GONE = "no server"
NOBODY = (
    "There is no server web on this host; see 'nova-xen server list' for those there "
    "are."
)


def no(action: str, state: str, advice: str) -> str:
    return f"Server web cannot be {action} while it is {state}; {advice}."


def running(outcome: str) -> dict[str, str]:
    """A restart of libvirtd makes no difference."""
    return {"running": outcome, "libvirtd restarted": outcome, "vanished": NOBODY}


def refused(action: str, advice: str, *states: str) -> dict[str, str]:
    return {state: no(action, state, advice) for state in states}


_ALIVE = ("paused", "stopping")
_OFF = ("stopped", "crashed", "suspended")
_STARTED = {
    **running(no("started", "running", "stop it first or use reboot")),
    **refused("started", "stop it first or use reboot", *_ALIVE),
    **dict.fromkeys(_OFF, "running"),
}
_STOPPED = {
    **running("stopped"),
    **dict.fromkeys(_ALIVE, "stopped"),
    **refused("stopped", "there is nothing to do", *_OFF),
}
_NOT_REBOOTED = {
    **refused("rebooted", "start it instead", "stopped", "crashed"),
    **refused("rebooted", "resume it first", "suspended"),
}
_NOT_DUMPED = refused("dumped", "only memory in use can be", "stopping", *_OFF)
EXPECTED: dict[str, dict[str, str]] = {
    "start": _STARTED,
    "start anew": _STARTED,
    "stop": _STOPPED,
    "stop at once": _STOPPED,
    "reboot": {
        **running("running"),
        **refused("rebooted", "unpause it or use --hard", "paused"),
        **refused("rebooted", "wait until it is off", "stopping"),
        **_NOT_REBOOTED,
    },
    "reset": {
        **running("running"),
        **dict.fromkeys(_ALIVE, "running"),
        **_NOT_REBOOTED,
    },
    "pause": {
        **running("paused"),
        **refused("paused", "only a running server can be", *_ALIVE, *_OFF),
    },
    "unpause": {
        **running(no("unpaused", "running", "only a paused server can be")),
        **refused("unpaused", "only a paused server can be", "stopping", *_OFF),
        "paused": "running",
    },
    "suspend": {
        **running("suspended"),
        **refused(
            "suspended",
            "unpause it first, for the guest itself has to agree",
            "paused",
        ),
        **refused(
            "suspended",
            "only a running server can be",
            "stopping",
            "stopped",
            "crashed",
        ),
        **refused("suspended", "there is nothing to do", "suspended"),
    },
    "resume": {
        **running(no("resumed", "running", "only a suspended server can be")),
        **refused("resumed", "unpause it instead", "paused"),
        **refused("resumed", "wait until it is off and start it then", "stopping"),
        **refused("resumed", "start it instead", "stopped", "crashed"),
        "suspended": "running",
    },
    "dump": {**running("running"), "paused": "paused", **_NOT_DUMPED},
    "dump and end": {**running("crashed"), "paused": "crashed", **_NOT_DUMPED},
    "delete": {**running(GONE), **dict.fromkeys((*_ALIVE, *_OFF), GONE)},
}


def outcome(host: Host, operation: Callable[[Host], object]) -> str:
    """What the server is then, or the sentence of the refusal."""
    try:
        operation(host)
    except exceptions.InvalidRequest as refusal:
        return str(refusal)
    try:
        return get_server(host, "web").state.value
    except exceptions.ServerNotFound:
        return GONE


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation(
    host: Host, fake: FakeHost, make_plan: MakePlan, operation: str, state: str
) -> None:
    spawn(host, make_plan(), lambda what, fraction: None)
    with STATES[state](host, fake):
        assert outcome(host, OPERATIONS[operation]) == EXPECTED[operation][state]


def test_nothing_is_left_out() -> None:
    for operation in OPERATIONS:
        assert set(EXPECTED[operation]) == set(STATES), operation


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_refusal_changes_nothing(
    host: Host, fake: FakeHost, make_plan: MakePlan, operation: str
) -> None:
    """Not even the state: a server that was refused is as it was."""
    for state, expected in EXPECTED[operation].items():
        if state == "vanished" or not expected.startswith("Server web cannot"):
            continue
        spawn(host, make_plan(), lambda what, fraction: None)
        with STATES[state](host, fake):
            before = get_server(host, "web")
            outcome(host, OPERATIONS[operation])
            assert get_server(host, "web") == before
        delete(host, "web")
