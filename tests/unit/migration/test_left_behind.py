# SPDX-License-Identifier: Apache-2.0
"""A migration that fails or is stopped, wherever it is, leaves nothing anywhere."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.migration import check, run
from nova_xen.migration.peer import proof
from nova_xen.migration.world import World
from nova_xen.model import MigrationProgress, MigrationRequest, MigrationState
from nova_xen.planning.migration.states import ended
from unit.migration.hosts import NAME, UUID, Hosts
from unit.migration.settling import check_settled, states

S = MigrationState
REQUEST = MigrationRequest(server=NAME, destination="xen2")
KINDS: tuple[type[BaseException], ...] = (
    KeyboardInterrupt,
    SystemExit,
    RuntimeError,
    MemoryError,
)


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    made.close()


def after(function: Callable[..., Any], kind: type[BaseException]) -> Any:
    """The function, which fails when it has done its work, the first time."""
    calls: list[Any] = []

    def failing(*given: Any, **named: Any) -> Any:
        found = function(*given, **named)
        calls.append(found)
        if len(calls) == 1:
            raise kind
        return found

    return failing


def instead(_function: Callable[..., Any], kind: type[BaseException]) -> Any:
    """What fails before it has done anything, each time."""

    def failing(*_given: Any, **_named: Any) -> Any:
        raise kind

    return failing


Way = Callable[[Callable[..., Any], type[BaseException]], Any]
WAYS = [pytest.param(after, id="done"), pytest.param(instead, id="not done")]


def failing_peer(
    world: World, method: str, way: Way, kind: type[BaseException]
) -> World:
    """The other host's side, whose answer to a method never arrives."""
    peer: Any = world.peer_of("xen2")
    broken = way(getattr(peer._peer, method), kind)

    class Broken:
        def __getattr__(self, name: str) -> Any:
            return broken if name == method else getattr(peer, name)

    return dataclasses.replace(world, peer_of=lambda address: Broken())


def failing_part(world: World, part: str, way: Way, kind: type[BaseException]) -> World:
    """A way to Xen or the kernel that cannot be gone."""
    return dataclasses.replace(world, **{part: way(getattr(world, part), kind)})


def stops(kind: type[BaseException]) -> bool:
    return not issubclass(kind, Exception)


def expected(kind: type[BaseException]) -> tuple[type[BaseException], ...]:
    """What may come of it: a defect becomes a sentence."""
    ours = exceptions.NovaXenError
    return (ours, kind) if stops(kind) else (ours,)


def migrate(
    hosts: Hosts,
    world: World,
    kind: type[BaseException],
    watch: Callable[[MigrationProgress], None] = run.nobody,
) -> None:
    """Migrate, whatever comes of it."""
    with contextlib.suppress(*expected(kind)):
        run.migrate(world, REQUEST, watch)
    hosts.wait_for_calls()


def check_nothing_left(hosts: Hosts) -> None:
    check_settled(hosts, lost=False)
    assert states(hosts) <= {*filter(ended, S)}
    for place in hosts.places.values():
        assert not place.journals.busy(UUID)
        assert place.fake.kept_open == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["begin", "note", "arrived", "end"])
def test_an_answer_that_never_arrives(
    hosts: Hosts, method: str, way: Way, kind: type[BaseException]
) -> None:
    migrate(hosts, failing_peer(hosts.world("xen1"), method, way, kind), kind)
    check_nothing_left(hosts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "part", ["sockets_of", "suspend_watch_of", "pausing_of", "destination_of"]
)
def test_a_part_that_cannot_be_had(
    hosts: Hosts, part: str, way: Way, kind: type[BaseException]
) -> None:
    world = failing_part(hosts.world("xen1"), part, way, kind)
    if part in ("destination_of", "pausing_of") and not stops(kind):
        # before anything began it is told as it is
        with pytest.raises(kind):
            run.migrate(world, REQUEST)
    else:
        migrate(hosts, world, kind)
    check_nothing_left(hosts)
    assert hosts.executing() == ["xen1"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", [S.FINISHING, S.DONE])
def test_who_watches_fails_once_libvirt_is_done(
    hosts: Hosts, state: MigrationState, kind: type[BaseException]
) -> None:
    """Between its steps; within the call the first signal asks for an abort."""

    def watch(progress: MigrationProgress) -> None:
        if progress.state is state:
            raise kind

    migrate(hosts, hosts.world("xen1"), kind, watch)
    check_nothing_left(hosts)


@pytest.mark.parametrize("kind", KINDS)
def test_proofs_go_with_whatever_ends_the_checks(
    hosts: Hosts,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[BaseException],
) -> None:
    monkeypatch.setattr(check, "storage_folders", lambda moving: (str(tmp_path),))
    seen: list[str] = []

    def look(_function: object, kind: type[BaseException]) -> Any:
        def ask(inquiry: Any) -> Any:
            seen.extend(path.name for path in tmp_path.glob(f"{proof.PREFIX}*"))
            raise kind

        return ask

    world = failing_peer(hosts.world("xen1"), "ask", look, kind)
    with pytest.raises(kind):
        run.migrate(world, REQUEST)
    assert len(seen) == 1
    assert list(tmp_path.glob(f"{proof.PREFIX}*")) == []
    check_nothing_left(hosts)


def test_an_error_of_libvirt_is_told_and_nothing_is_left(hosts: Hosts) -> None:
    hosts.places["xen1"].fake.fail_next("migrateToURI3", 38)
    with pytest.raises(exceptions.MigrationFailed, match=r"runs on this host\.$"):
        hosts.migrate("xen1")
    check_nothing_left(hosts)


def test_a_server_without_a_name_is_not_found(hosts: Hosts) -> None:
    request = MigrationRequest(server="", destination="xen2")
    with pytest.raises(exceptions.ServerNotFound, match="no server '' on this host"):
        run.migrate(hosts.world("xen1"), request)


def test_one_that_is_off_is_refused_before_the_other_host_is_asked(
    hosts: Hosts,
) -> None:
    hosts.places["xen1"].fake.connect().lookupByName(NAME).destroy()
    asked: list[str] = []

    def peer_of(address: str) -> Any:
        asked.append(address)

    world = dataclasses.replace(hosts.world("xen1"), peer_of=peer_of)
    with pytest.raises(exceptions.MigrationRefused, match="it does not run, and a gue"):
        run.migrate(world, REQUEST)
    assert asked == []
    assert list(hosts.kept()) == []
