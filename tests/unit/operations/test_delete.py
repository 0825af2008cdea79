# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest

from nova_xen import exceptions
from nova_xen.model import Plan
from nova_xen.operations import power
from nova_xen.operations.delete import delete
from nova_xen.operations.host import Host
from nova_xen.operations.spawn import clean_up_unfinished, spawn
from nova_xen.testing import FakeHost

MakePlan = Callable[..., Plan]
Left = Callable[[], list[str]]

FOREIGN = """<domain type='xen'><name>theirs</name><memory>65536</memory>
<vcpu>1</vcpu><os><type>linux</type><kernel>/k</kernel></os></domain>"""


def quiet(_what: str, _fraction: float) -> None:
    pass


@pytest.mark.parametrize("running", [True, False])
def test_nothing_is_left(
    host: Host, make_plan: MakePlan, left: Left, running: bool
) -> None:
    server = spawn(host, make_plan(), quiet)
    if not running:
        power.power_off(host, "web", 0)
    delete(host, server.name)
    assert left() == []


def test_by_uuid(host: Host, make_plan: MakePlan, left: Left) -> None:
    delete(host, spawn(host, make_plan(), quiet).uuid)
    assert left() == []


def test_an_unknown_name(host: Host) -> None:
    with pytest.raises(exceptions.ServerNotFound, match="nobody"):
        delete(host, "nobody")


def test_a_domain_of_somebody_else_is_left_alone(
    host: Host, fake: FakeHost, left: Left
) -> None:
    fake.connect().defineXML(FOREIGN)
    with pytest.raises(exceptions.NotOurs, match="theirs"):
        delete(host, "theirs")
    assert left() == ["theirs"]


@pytest.mark.parametrize("operation", ["destroy", "undefine"])
def test_a_failure_can_be_gone_on_with(
    host: Host, make_plan: MakePlan, fake: FakeHost, left: Left, operation: str
) -> None:
    spawn(host, make_plan(), quiet)
    fake.fail_next(operation, 1, "internal error: no")
    with pytest.raises(exceptions.DeleteFailed, match="delete it again"):
        delete(host, "web")
    delete(host, "web")
    assert left() == []


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the process gets to run."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", ["destroy", "undefine"])
def test_killed_the_next_start_goes_on(
    host: Host,
    make_plan: MakePlan,
    fake: FakeHost,
    left: Left,
    operation: str,
    after: bool,
) -> None:
    spawn(host, make_plan(), quiet)
    fake.interrupt_next(operation, Killed(), after=after)
    with pytest.raises(Killed):
        delete(host, "web")
    clean_up_unfinished(host)
    assert left() == []
