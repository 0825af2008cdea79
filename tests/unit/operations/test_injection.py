# SPDX-License-Identifier: Apache-2.0
"""Writing into the disk of a new server: one step of its making."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from nova_xen import exceptions
from nova_xen.hypervisor import Connection
from nova_xen.injection.options import InjectionOptions
from nova_xen.model import DiskFormat, GuestSetup, InjectionPlan, Plan
from nova_xen.operations import spawn as module
from nova_xen.operations.host import Host
from nova_xen.testing import FakeHost

MakePlan = Callable[..., Plan]
Left = Callable[[], list[str]]


def quiet(_what: str, _part: float) -> None:
    pass


@pytest.fixture
def plan(make_plan: MakePlan) -> Plan:
    """A plan with an injection into its root disk."""
    made = make_plan()
    planned = InjectionPlan(
        path=f"{made.folder}/disk", format=DiskFormat.QCOW2, partition=1
    )
    instance = dataclasses.replace(made.instance, setup=GuestSetup(hostname="web"))
    return dataclasses.replace(made, injection=planned, instance=instance)


def test_it_is_written_before_the_server_is_defined(
    host: Host, plan: Plan, fake: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def inject(planned: InjectionPlan, *_args: object, **more: object) -> None:
        methods = [call.method for call in fake.calls]
        seen.append((os.path.exists(planned.path), "defineXMLFlags" in methods, more))

    monkeypatch.setattr(module, "inject", inject)
    host = dataclasses.replace(host, injection=InjectionOptions(memory_mib=333))
    module.spawn(host, plan, quiet)
    ((there, defined, more),) = seen
    assert (there, defined) == (True, False)
    assert more["options"].memory_mib == 333
    assert more["server"] == "web"


def test_without_a_plan_nothing_is_written(
    host: Host, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "inject", None)
    module.spawn(host, make_plan(), quiet)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.InjectionRefused(server="web", why="no", advice="yes"),
        exceptions.InjectionUnavailable(server="web", why="no", advice="yes"),
        exceptions.InjectionFailed(server="web", why="no", doing="that"),
        exceptions.InjectionTimeout(server="web", seconds=3, doing="that"),
        KeyboardInterrupt(),
    ],
)
def test_a_failure_leaves_nothing(
    host: Host,
    plan: Plan,
    left: Left,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(module, "inject", fail)
    complete = (exceptions.InvalidRequest, exceptions.HostCannot, KeyboardInterrupt)
    expected = type(error) if isinstance(error, complete) else exceptions.StepFailed
    with pytest.raises(expected):
        module.spawn(host, plan, quiet)
    assert left() == []


def test_killed_while_it_writes_the_next_start_removes_all(
    host: Host,
    plan: Plan,
    left: Left,
    fake: FakeHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(planned: InjectionPlan, *_args: object, **_more: object) -> None:
        os.mkdir(os.path.join(os.path.dirname(planned.path), ".injection"))
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(module, "inject", die)
            # threads of the parent's connection are not in this process
            connection = Connection(opener=lambda uri: fake.connect())
            module.spawn(dataclasses.replace(host, connection=connection), plan, quiet)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert left() == [plan.instance.uuid]
    assert module.clean_up_unfinished(host) == (plan.instance.uuid,)
    assert left() == []
