# SPDX-License-Identifier: Apache-2.0
"""Any request ends in a document that works or in a sentence, never in another way.

More examples: ``NOVA_XEN_EXAMPLES=20000 pytest tests/unit/planning``.
"""

import os

import pytest
from hypothesis import HealthCheck, event, given, settings

from nova_xen import rules
from nova_xen.domain import format_domain, parse_domain
from nova_xen.exceptions import NovaXenError
from nova_xen.model import HostFacts, Instance, Plan, PlanOptions
from nova_xen.planning import make_plan
from nova_xen.planning.setup import told
from unit.planning.requests import HOSTS, INSTANCES, OPTIONS

EXAMPLES = int(os.environ.get("NOVA_XEN_EXAMPLES", "500"))


def outcome(
    instance: Instance, host: HostFacts, options: PlanOptions
) -> Plan | NovaXenError:
    try:
        return make_plan(instance, host, options, "1.0")
    except NovaXenError as refusal:
        return refusal


def check_refusal(refusal: NovaXenError) -> None:
    """One sentence: filled in, ended, on one line."""
    sentence = str(refusal)
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0] in "'\""
    assert "Traceback" not in sentence
    assert "\n" not in sentence
    assert "\x00" not in sentence
    assert "\x1b" not in sentence
    sentence.encode()


def check_plan(plan: Plan) -> None:
    """A document that libvirt and Xen take, with a file behind each disk."""
    assert list(rules.findings(plan.domain)) == []
    assert parse_domain(format_domain(plan.domain)) == plan.domain
    paths = {disk.source for disk in plan.domain.devices.disks}
    drive = {plan.config_drive.path} if plan.config_drive else set()
    assert paths == {disk.path for disk in plan.disks} | drive
    assert not (plan.config_drive and plan.injection)
    if told(plan.instance):
        assert plan.config_drive or plan.injection
    assert all(disk.size >= 0 for disk in plan.disks)
    assert all(path and path.startswith(plan.folder + "/") for path in paths)
    for reason in plan.reasons:
        assert reason.why
        assert reason.element


@given(instance=INSTANCES, host=HOSTS, options=OPTIONS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_request_gives_a_working_document_or_a_sentence(
    instance: Instance, host: HostFacts, options: PlanOptions
) -> None:
    result = outcome(instance, host, options)
    event("planned" if isinstance(result, Plan) else type(result).__name__)
    if isinstance(result, Plan):
        check_plan(result)
    else:
        check_refusal(result)


@given(instance=INSTANCES, host=HOSTS, options=OPTIONS)
@settings(max_examples=50, deadline=None)
def test_planning_is_pure(
    instance: Instance, host: HostFacts, options: PlanOptions
) -> None:
    first, second = (outcome(instance, host, options) for _ in range(2))
    assert repr(first) == repr(second)


@pytest.mark.parametrize("sentence", ["", "no end", "two\nlines.", "\x1b[2J."])
def test_a_bad_sentence_is_noticed(sentence: str) -> None:
    refusal = NovaXenError()
    refusal.args = (sentence,)
    with pytest.raises((AssertionError, IndexError)):
        check_refusal(refusal)
