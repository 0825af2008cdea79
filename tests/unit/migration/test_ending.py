# SPDX-License-Identifier: Apache-2.0
"""The ways to end a migration early: which is gone when, and when it is too late."""

import logging
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.migration.interfaces import MigrationSocket
from nova_xen.model import MigrationKind, MigrationState, RecoveryAction, Side
from unit.migration.watching import ARRIVING, DOMID, SOCKET, Watched, arriving

S = MigrationState
LIVE, STOP = MigrationKind.LIVE, MigrationKind.STOP_AND_COPY
PAUSED = arriving(paused=True)


@pytest.fixture
def watch(tmp_path: pathlib.Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(*given: Any, **named: Any) -> Watched:
        made.append(Watched(tmp_path, *given, **named))
        return made[-1]

    yield make
    for each in made:
        each.close()


#: state, kind, connection, whether the kernel closes it (None: it cannot), domains at
#: the destination -> how it is aborted: by the first way, the second, not yet, too late
TABLE = [
    (S.COPYING, LIVE, SOCKET, True, [PAUSED], "socket"),
    (S.COPYING, STOP, SOCKET, True, [PAUSED], "socket"),
    # the kernel cannot, its connection is closed already, it is libvirt's (tunnelled)
    (S.COPYING, LIVE, SOCKET, None, [PAUSED], "destroy"),
    (S.COPYING, LIVE, SOCKET, False, [PAUSED], "destroy"),
    (S.COPYING, LIVE, None, True, [PAUSED], "destroy"),
    # nothing has been made yet
    (S.COPYING, LIVE, None, True, [], "not yet"),
    (S.COPYING, LIVE, SOCKET, None, [], "not yet"),
    # what runs there, or cannot be told apart, is ended by nobody
    (S.COPYING, LIVE, None, True, [arriving()], "late"),
    (S.COPYING, LIVE, None, True, [PAUSED, PAUSED], "late"),
    # it stands still: for a moment when live, for the whole copy else
    (S.STOPPED, LIVE, SOCKET, True, [PAUSED], "late"),
    (S.STOPPED, STOP, SOCKET, True, [PAUSED], "socket"),
    (S.STOPPED, STOP, SOCKET, False, [PAUSED], "late"),
    (S.STOPPED, STOP, SOCKET, None, [PAUSED], "late"),
    (S.STOPPED, STOP, None, True, [], "late"),
    (S.FINISHING, LIVE, SOCKET, True, [arriving()], "late"),
    (S.FINISHING, STOP, SOCKET, True, [arriving()], "late"),
]


@pytest.mark.parametrize(("state", "kind", "socket", "closes", "domains", "way"), TABLE)
def test_abort(
    watch: Callable[..., Watched],
    state: MigrationState,
    kind: MigrationKind,
    socket: MigrationSocket | None,
    closes: bool | None,
    domains: list[Any],
    way: str,
) -> None:
    watched = watch(state, kind)
    watched.sockets.closes, watched.peer.domains = closes, tuple(domains)
    if way == "late":
        with pytest.raises(exceptions.MigrationTooLate):
            watched.ending.abort(socket, "because")
    else:
        watched.ending.abort(socket, "because")
    steps = [(s.side, s.action, s.domid) for s in watched.peer.steps]
    ends = [(Side.DESTINATION, RecoveryAction.DESTROY, ARRIVING)]
    assert steps == (ends if way == "destroy" else [])
    aborted = way in ("socket", "destroy")
    assert watched.ending.aborted is aborted
    assert watched.ending.why == ("because" if aborted else "")
    assert watched.story.state is (S.ABORTING if aborted else state)
    assert watched.peer.noted[-1] is watched.story.state


def test_twice_is_once(watch: Callable[..., Watched]) -> None:
    watched = watch()
    watched.ending.abort(SOCKET, "first")
    watched.ending.abort(SOCKET, "second")
    watched.ending.again(SOCKET)
    assert watched.sockets.closed == [SOCKET]
    assert watched.ending.why == "first"


@pytest.mark.parametrize(
    ("socket", "domains", "closed", "steps"),
    [(SOCKET, (), 1, 0), (None, (PAUSED,), 0, 1)],
)
def test_a_wish_is_kept_until_there_is_something_to_end(
    watch: Callable[..., Watched],
    socket: MigrationSocket | None,
    domains: tuple[Any, ...],
    closed: int,
    steps: int,
) -> None:
    watched = watch()
    watched.peer.domains = ()
    watched.ending.abort(None, "because")
    watched.ending.again(None)
    assert not watched.ending.aborted
    watched.peer.domains = domains
    watched.ending.again(socket)
    assert (watched.ending.aborted, watched.ending.why) == (True, "because")
    assert (len(watched.sockets.closed), len(watched.peer.steps)) == (closed, steps)


def test_a_wish_is_not_kept_for_ever(watch: Callable[..., Watched]) -> None:
    watched = watch()
    watched.peer.domains = ()
    watched.ending.abort(None, "because")
    watched.story.enter(S.STOPPED)
    with pytest.raises(exceptions.MigrationTooLate, match="it is stopped already"):
        watched.ending.again(SOCKET)
    watched.ending.again(SOCKET)
    assert watched.sockets.closed == []


def test_a_kernel_that_cannot_is_told(
    watch: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    watched = watch()
    watched.sockets.closes = None
    with caplog.at_level(logging.WARNING):
        watched.ending.abort(SOCKET, "because")
    assert "no CONFIG" in caplog.text
    assert "The arriving domain is ended instead." in caplog.text


@pytest.mark.parametrize("state", [S.COPYING, S.STOPPED, S.FINISHING])
def test_force_complete(watch: Callable[..., Watched], state: MigrationState) -> None:
    watched = watch(state)
    watched.ending.force_complete("because")
    watched.ending.force_complete("again")
    copying = state is S.COPYING
    assert watched.caps == ([(DOMID, 10)] if copying else [])
    assert watched.ending.forced is watched.story.throttled is copying


def test_without_a_cap_nothing_is_forced(watch: Callable[..., Watched]) -> None:
    watched = watch()
    watched.scheduler = "Xen's scheduler null has no cap"
    with pytest.raises(exceptions.ToolstackFailed, match="has no cap"):
        watched.ending.force_complete("because")
    watched.ending.release()
    assert (watched.ending.forced, watched.story.throttled) == (True, False)
    assert watched.caps == []


@pytest.mark.parametrize(("cap", "after"), [(None, 0), (50, 50)])
def test_a_guest_that_stays_gets_its_processors_back(
    watch: Callable[..., Watched], cap: int | None, after: int
) -> None:
    watched = watch(cap=cap)
    watched.ending.release()
    watched.ending.force_complete("because")
    watched.ending.release()
    watched.ending.release()
    assert watched.caps == [(DOMID, 10), (DOMID, after)]
    assert not watched.story.throttled
