# SPDX-License-Identifier: Apache-2.0
"""The client of xenstored, against a small one."""

import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_xen import exceptions
from nova_xen.hypervisor.xenstore import Xenstore
from unit.hypervisor.fake_xenstored import ERROR, HEADER, READ, Xenstored

CONTROL = "/local/domain/1/control/shutdown"


@pytest.fixture
def xenstored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Xenstored]:
    monkeypatch.delenv("XENSTORED_PATH", raising=False)
    with Xenstored(tmp_path / "socket") as made:
        yield made


@pytest.fixture
def store(xenstored: Xenstored) -> Iterator[Xenstore]:
    made = Xenstore((xenstored.path,), timeout=10)
    yield made
    made.release()


def test_nodes_are_read(xenstored: Xenstored, store: Xenstore) -> None:
    xenstored.nodes = {CONTROL: "suspend", "/local/domain/1/name": "web1"}
    assert store.read(CONTROL) == "suspend"
    assert store.read("/local/domain/2") is None
    assert store.directory("/local/domain/1") == ("control", "name")
    assert store.directory("/nothing") == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=200))
def test_any_value_is_read_as_it_is(
    xenstored: Xenstored, store: Xenstore, value: str
) -> None:
    xenstored.nodes["/v"] = value
    assert store.read("/v") == value


def test_a_watch_tells_of_changes_under_it(
    xenstored: Xenstored, store: Xenstore
) -> None:
    store.watch("/local/domain/1", "mine")
    first = store.next_event(10)
    assert first is not None
    assert (first.path, first.token) == ("/local/domain/1", "mine")
    before = time.time()
    xenstored.write(CONTROL, "suspend")
    xenstored.write("/local/domain/2/control", "x")
    event = store.next_event(10)
    assert event is not None
    assert (event.path, event.token) == (CONTROL, "mine")
    assert before <= event.at <= time.time()
    assert store.next_event(0) is None
    store.unwatch("/local/domain/1", "mine")
    xenstored.write(CONTROL, "")
    assert store.next_event(0.01) is None


def test_events_between_a_request_and_its_answer_are_kept(
    xenstored: Xenstored, store: Xenstore
) -> None:
    xenstored.nodes[CONTROL] = "suspend"
    xenstored.before = [("@releaseDomain", "r"), (CONTROL, "c")]
    assert store.read(CONTROL) == "suspend"
    events = [store.next_event(0), store.next_event(0)]
    assert [each.token for each in events if each] == ["r", "c"]


def test_one_that_waits_is_woken_when_it_is_closed(store: Xenstore) -> None:
    closing = threading.Timer(0.05, store.close)
    closing.start()
    assert store.next_event() is None
    closing.join()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (HEADER.pack(ERROR, 1, 0, 7) + b"EINVAL\0", "EINVAL"),
        (HEADER.pack(99, 1, 0, 0), "an answer of type 99"),
        (HEADER.pack(READ, 1, 0, 5000), "it announced 5000 bytes"),
    ],
)
def test_an_answer_that_is_none(
    xenstored: Xenstored, store: Xenstore, answer: bytes, why: str
) -> None:
    xenstored.answer = answer
    with pytest.raises(exceptions.ToolstackFailed) as failed:
        store.read("/v")
    assert str(failed.value).startswith(
        f"Xen's own tool failed while asking xenstored for /v: {why}"
    )


def test_an_answer_to_another_request_is_not_taken(
    xenstored: Xenstored, store: Xenstore
) -> None:
    late = HEADER.pack(READ, 77, 0, 3) + b"old"
    xenstored.answer = late + HEADER.pack(READ, 1, 0, 3) + b"new"
    assert store.read("/v") == "new"


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda store: store.read("/secret"), "EACCES"),
        (lambda store: store.unwatch("/v", "none"), "there is no such watch"),
        (lambda store: store.read("/" * 5000), "more than 4096 bytes"),
    ],
)
def test_refusals(store: Xenstore, call: object, why: str) -> None:
    assert callable(call)
    with pytest.raises(exceptions.ToolstackFailed, match=why):
        call(store)
    assert store.read("/v") is None, "the connection is as good as before"


def test_no_answer_in_time(xenstored: Xenstored) -> None:
    xenstored.silent = True
    store = Xenstore((xenstored.path,), timeout=0.05)
    with pytest.raises(exceptions.ToolstackFailed, match=r"no answer within 0\.05 s"):
        store.read("/v")
    store.release()


def test_one_that_dies(xenstored: Xenstored, store: Xenstore) -> None:
    store.watch("/v", "mine")
    xenstored.die()
    assert store.next_event(10) is not None
    with pytest.raises(exceptions.ToolstackFailed, match="closed the connection"):
        store.next_event(10)
    with pytest.raises(exceptions.ToolstackFailed):
        store.read("/v")


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XENSTORED_PATH", raising=False)
    with pytest.raises(exceptions.ToolstackFailed) as failed:
        Xenstore((str(tmp_path / "a"), str(tmp_path / "b")))
    assert str(failed.value) == (
        "Xen's own tool failed while connecting to xenstored: "
        f"{tmp_path / 'b'}: No such file or directory."
    )


def test_the_environment_names_it(
    xenstored: Xenstored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for Xen's own programs."""
    monkeypatch.setenv("XENSTORED_PATH", xenstored.path)
    store = Xenstore(("/nowhere/at/all",))
    assert store.read("/v") is None
    store.release()


def test_the_header_is_little_endian_on_the_wire() -> None:
    assert HEADER.pack(2, 1, 0, 3) == struct.pack("<4I", 2, 1, 0, 3)
