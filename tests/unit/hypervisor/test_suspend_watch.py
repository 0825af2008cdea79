# SPDX-License-Identifier: Apache-2.0
"""The moment a domain stands still, by what xenstored fires and Xen says."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor.suspend_watch import RELEASED, SuspendWatch
from nova_xen.migration.interfaces import SuspendWatch as Asked
from nova_xen.model import XenDomain
from unit.hypervisor.fake_xenstored import Xenstored

CONTROL = "/local/domain/1/control/shutdown"
RUNS = XenDomain(domid=1, name="web1", uuid="u")
STANDS = XenDomain(domid=1, name="web1", uuid="u", suspended=True)
ENDED = XenDomain(domid=1, name="web1", uuid="u", ended=True)
OTHER = XenDomain(domid=2, name="web2", uuid="v", suspended=True)


class Xen:
    """What ``xl list`` says; ``asked`` is raised after each answer."""

    def __init__(self) -> None:
        self.domains: tuple[XenDomain, ...] = (RUNS, OTHER)
        self.error: Exception | None = None
        self.answers = 0
        self.changed = threading.Condition()

    def __call__(self) -> tuple[XenDomain, ...]:
        with self.changed:
            self.answers += 1
            self.changed.notify_all()
            if self.error is not None:
                raise self.error
            return self.domains

    def wait(self, answers: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.answers >= answers, 10)


@pytest.fixture
def xen() -> Xen:
    return Xen()


@pytest.fixture
def xenstored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Xenstored]:
    monkeypatch.delenv("XENSTORED_PATH", raising=False)
    with Xenstored(tmp_path / "socket") as made:
        made.nodes[CONTROL] = ""
        yield made


@pytest.fixture
def watch(xenstored: Xenstored, xen: Xen) -> Iterator[Asked]:
    made: Asked = SuspendWatch(1, domains=xen, sockets=(xenstored.path,))
    # a watch fires once when it is set
    xen.wait(1)
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_guest_that_is_asked_and_stops(
    xenstored: Xenstored, xen: Xen, watch: Asked
) -> None:
    """PV, PVH and HVM guests with Xen's drivers."""
    assert watch.suspended_at() is None
    assert not watch.asked()
    xenstored.write(CONTROL, "suspend")
    until(watch.asked)
    xenstored.write(CONTROL, "")
    xen.domains = (STANDS, OTHER)
    before = time.time()
    xenstored.fire(RELEASED)
    until(lambda: watch.suspended_at() is not None)
    found = watch.suspended_at()
    assert found is not None
    assert before <= found <= time.time()
    xen.domains = (OTHER,)
    xenstored.write(CONTROL, None)
    xenstored.fire(RELEASED)
    watch.close()
    assert watch.suspended_at() == found, "the end of the domain is not its stop"


def test_a_guest_that_is_stopped_unasked(
    xenstored: Xenstored, xen: Xen, watch: Asked
) -> None:
    """An HVM guest without Xen's drivers."""
    xen.domains = (STANDS,)
    xenstored.fire(RELEASED)
    until(lambda: watch.suspended_at() is not None)
    assert watch.asked()


@pytest.mark.parametrize("domains", [(RUNS, OTHER), (ENDED,), (OTHER,), ()])
def test_other_domains_and_other_ends_are_no_stop(
    xenstored: Xenstored, xen: Xen, watch: Asked, domains: tuple[XenDomain, ...]
) -> None:
    xen.domains = domains
    xenstored.fire(RELEASED)
    xen.wait(2)
    watch.close()
    assert watch.suspended_at() is None


def test_xen_is_not_asked_while_the_last_pass_goes_over(
    xenstored: Xenstored, xen: Xen, watch: Asked
) -> None:
    """Its answer would cost the time that the guest stands still."""
    xenstored.write(CONTROL, "suspend")
    # the watch reads the node, so wait until it can have seen the request
    until(lambda: watch._requested)  # type: ignore[attr-defined]
    xenstored.write(CONTROL, "")
    xenstored.fire(RELEASED)
    until(lambda: watch.suspended_at() is not None)
    watch.close()
    assert xen.answers == 1, "at the beginning alone"


def test_nobody_is_asked_while_the_guest_has_not_answered(
    xenstored: Xenstored, xen: Xen, watch: Asked
) -> None:
    xenstored.write(CONTROL, "suspend")
    until(lambda: watch._requested)  # type: ignore[attr-defined]
    xenstored.fire(RELEASED)
    xenstored.write(CONTROL, "")
    until(lambda: not watch._requested)  # type: ignore[attr-defined]
    assert xen.answers == 1


def test_a_second_attempt_has_a_moment_of_its_own(
    xenstored: Xenstored, xen: Xen, watch: Asked
) -> None:
    xen.domains = (STANDS,)
    xenstored.fire(RELEASED)
    until(lambda: watch.suspended_at() is not None)
    xen.domains = (RUNS,)
    xenstored.write(CONTROL, "suspend")
    until(lambda: watch.suspended_at() is None)


def test_xen_not_answering_once_is_said_and_borne(
    xenstored: Xenstored, xen: Xen, watch: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    xen.error = exceptions.ToolstackFailed(doing="listing", why="no")
    xenstored.fire(RELEASED)
    xen.wait(2)
    xen.error, xen.domains = None, (STANDS,)
    xenstored.fire(RELEASED)
    until(lambda: watch.suspended_at() is not None)
    assert "Whether domain 1 stands still" in caplog.text


@pytest.mark.parametrize("broken", [RuntimeError("odd"), ValueError("bad")])
def test_the_thread_does_not_end_in_silence(
    xenstored: Xenstored,
    xen: Xen,
    watch: Asked,
    caplog: pytest.LogCaptureFixture,
    broken: Exception,
) -> None:
    xen.error = broken
    xenstored.fire(RELEASED)
    until(lambda: "will not be known" in caplog.text)
    assert str(broken) in caplog.text
    watch.close()
    assert watch.suspended_at() is None


def test_xenstored_dying_is_said_once(
    xenstored: Xenstored, watch: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    xenstored.die()
    until(lambda: "closed the connection" in caplog.text)
    watch.close()
    assert len(caplog.records) == 1
    assert watch.suspended_at() is None


def test_no_xenstored_is_said_once(
    tmp_path: Path, xen: Xen, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        watch = SuspendWatch(1, domains=xen, sockets=(str(tmp_path / "none"),))
    assert watch.suspended_at() is None
    watch.close()
    assert [each.message for each in caplog.records] == [
        "When domain 1 stands still will not be known: Xen's own tool failed while "
        f"connecting to xenstored: {tmp_path / 'none'}: No such file or directory."
    ]


def test_closing_leaves_neither_watch_nor_thread(
    xenstored: Xenstored, watch: Asked
) -> None:
    assert sorted(xenstored.watched) == sorted([CONTROL, RELEASED])
    watch.close()
    watch.close()
    until(lambda: not xenstored.watched)
    names = [each.name for each in threading.enumerate()]
    assert "nova-xen-suspend-1" not in names
