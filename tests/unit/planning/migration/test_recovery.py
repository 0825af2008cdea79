# SPDX-License-Identifier: Apache-2.0
"""Every combination that a migration leaves on two hosts, and what is done about it.

What real Xen leaves is from the recordings of aborted and killed migrations between
two hosts with Xen 4.17 and libvirt 9.0.
"""

import dataclasses

import pytest

from nova_xen.model import MigrationKind, MigrationState, RecoveryPlan, Side
from nova_xen.planning.migration.recovery import plan_recovery
from unit.planning.migration.recovery_seen import SEEN
from unit.planning.migration.recovery_unsure import SILENT, UNSURE
from unit.planning.migration.recovery_views import (
    domain,
    journal,
    source,
    target,
    told,
    view,
)

S = MigrationState


def plan_of(state: MigrationState, here: str, there: str) -> RecoveryPlan:
    return plan_recovery(journal(state), source(here, state), target(there, state))


@pytest.mark.parametrize(
    ("state", "here", "there", "over", "steps"),
    [
        pytest.param(state, here, there, over, steps, id=f"{name}, {state}")
        for name, (states, here, there, over, steps) in SEEN.items()
        for state in states
    ],
)
def test_what_is_sure(
    state: MigrationState,
    here: str,
    there: str,
    over: MigrationState,
    steps: list[str],
) -> None:
    plan = plan_of(state, here, there)
    assert (told(plan), plan.state) == (steps, over)
    assert plan.sentence.endswith(".")


@pytest.mark.parametrize(
    ("state", "here", "there", "sentence"),
    [
        pytest.param(state, here, there, sentence, id=f"{name}, {state}")
        for name, (states, here, there, sentence) in UNSURE.items()
        for state in states
    ],
)
def test_what_a_person_decides(
    state: MigrationState, here: str, there: str, sentence: str
) -> None:
    plan = plan_of(state, here, there)
    assert (plan.state, plan.steps) == (S.UNDECIDED, ())
    assert sentence in plan.sentence
    assert not plan.sentence.endswith(".")


@pytest.mark.parametrize(
    ("here", "there", "steps"),
    [
        ("running kept", "none", ["source restart-libvirtd"]),
        ("off kept suspended", "running", ["destination restart-libvirtd"]),
        (
            "paused",
            "running",
            ["source restart-libvirtd", "destination restart-libvirtd"],
        ),
    ],
)
def test_libvirt_shows_what_is_gone(here: str, there: str, steps: list[str]) -> None:
    plan = plan_of(S.STOPPED, here, there)
    assert (plan.state, told(plan)) == (S.UNDECIDED, steps)
    assert "has a domain of server web1 that Xen does not have" in plan.sentence


@pytest.mark.parametrize(
    ("state", "here", "there", "over", "steps"),
    [
        pytest.param(state, here, there, over, steps, id=f"{name}, {state}")
        for name, (states, here, there, over, steps) in SILENT.items()
        for state in states
    ],
)
def test_a_host_that_is_silent(
    state: MigrationState,
    here: str,
    there: str,
    over: MigrationState,
    steps: list[str],
) -> None:
    plan = plan_of(state, here, there)
    assert (told(plan), plan.state) == (steps, over)


@pytest.mark.parametrize("state", [S.COPYING, S.STOPPED, S.FINISHING])
@pytest.mark.parametrize(
    ("here", "there", "definition", "over", "steps"),
    [
        ("none", "none", "<domain/>", S.FAILED, ["source define"]),
        ("none", "none", "", S.FAILED, ["destination forget", "source forget"]),
        ("off kept", "none", "<domain/>", S.FAILED, None),
        ("none", "off kept", "<domain/>", S.DONE, None),
    ],
)
def test_a_definition_that_the_journal_alone_has(
    state: MigrationState,
    here: str,
    there: str,
    definition: str,
    over: MigrationState,
    steps: list[str] | None,
) -> None:
    """The destination lost its power as the server had just arrived."""
    own = journal(state, definition=definition)
    seen = dataclasses.replace(source(here, state), journal=own)
    plan = plan_recovery(own, seen, target(there, state))
    settled = ["destination forget", "source forget"]
    assert (told(plan), plan.state) == (steps or settled, over)
    if "source define" in told(plan):
        assert "is off, on this host" in plan.sentence


SENTENCES = [
    (
        S.STOPPED,
        "running kept held",
        "silent",
        "Server web1 stands still on this host, where Xen has its domain 3 paused "
        "whatever libvirt shows, and may run on host xen2, which gives no answer: "
        "bring that host back, or, once it is surely off and stays so, run 'nova-xen "
        "migration recover web1 --lost-host xen2'",
    ),
    (
        S.COPYING,
        "running kept run",
        "none",
        "Server web1 runs on this host.",
    ),
    (S.FINISHING, "none", "running kept run", "Server web1 runs on host xen2."),
    (
        S.COPYING,
        "paused kept paused",
        "none",
        "Server web1 is on this host and is paused.",
    ),
    (
        S.COPYING,
        "off kept",
        "none",
        "Server web1 is off, on this host: it ended, or its host lost its memory; "
        "'nova-xen server start' starts it there.",
    ),
    (
        S.COPYING,
        "none",
        "none",
        "Server web1 runs neither on this host nor on host xen2 and neither has its "
        "definition: it has ended.",
    ),
    (
        S.COPYING,
        "running kept run",
        "silent",
        "Server web1 runs on this host, which it never left; what is left of its "
        "migration on host xen2, which gives no answer, can be removed with 'nova-xen "
        "migration recover' once it does.",
    ),
    (
        S.STOPPED,
        "off kept suspended",
        "silent",
        "Server web1 stands still on this host and may run on host xen2, which gives "
        "no answer: bring that host back, or, once it is surely off and stays so, run "
        "'nova-xen migration recover web1 --lost-host xen2'",
    ),
    (
        S.STOPPED,
        "off kept",
        "silent",
        "Server web1 is not on this host any more and may run on host xen2, which "
        "gives no answer: bring that host back, or, once it is surely off and stays "
        "so, run 'nova-xen migration recover web1 --lost-host xen2'; do not start the "
        "server on this host before",
    ),
    (
        S.COPYING,
        "silent",
        "none",
        "Server web1 may run on this host, which gives no answer, and host xen2 has "
        "none of it: see that libvirtd runs on this host; do not start the server on "
        "host xen2 before",
    ),
    (
        S.STOPPED,
        "silent",
        "silent",
        "Neither this host nor host xen2 can tell where server web1 is: bring one of "
        "them back (on this host see whether libvirtd runs)",
    ),
]


@pytest.mark.parametrize(("state", "here", "there", "sentence"), SENTENCES)
def test_sentences(state: MigrationState, here: str, there: str, sentence: str) -> None:
    assert plan_of(state, here, there).sentence == sentence


def test_the_destination_tells_it_from_its_side() -> None:
    own = journal(S.COPYING, Side.DESTINATION)
    plan = plan_recovery(own, None, target("incoming paused"))
    assert plan.sentence == (
        "Server web1 may run on host xen1, which gives no answer, and this host has "
        "domain 7 of it, which has not run: bring that host back, or, once it is "
        "surely off and stays so, run 'nova-xen migration recover web1 --lost-host "
        "xen1'; do not start the server on this host before"
    )


@pytest.mark.parametrize("side", Side)
def test_nothing_is_done_while_somebody_works_on_it(side: Side) -> None:
    views = {
        each: view(
            each,
            "running kept run" if each is Side.SOURCE else "incoming paused",
            S.COPYING,
            busy=each is side,
        )
        for each in Side
    }
    plan = plan_recovery(
        journal(S.COPYING), views[Side.SOURCE], views[Side.DESTINATION]
    )
    assert (plan.state, plan.steps) == (S.UNDECIDED, ())
    assert "is still being migrated" in plan.sentence


@pytest.mark.parametrize(
    ("near", "far", "over"),
    [
        pytest.param(S.COPYING, S.FINISHING, S.UNDECIDED, id="the far one is ahead"),
        pytest.param(S.FINISHING, S.COPYING, S.UNDECIDED, id="the near one is ahead"),
        pytest.param(S.COPYING, S.STOPPED, S.FAILED, id="it has not arrived"),
    ],
)
def test_the_further_journal_is_right(
    near: MigrationState, far: MigrationState, over: MigrationState
) -> None:
    plan = plan_recovery(
        journal(near), source("off kept suspended", near), target("none", far)
    )
    assert plan.state is over


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (
            MigrationKind.LIVE,
            "it was suspended for the last pass and runs nowhere else",
        ),
        (
            MigrationKind.STOP_AND_COPY,
            "it was suspended for the whole copy and runs nowhere else",
        ),
    ],
)
def test_why_it_was_suspended(kind: MigrationKind, why: str) -> None:
    own = journal(S.STOPPED, kind=kind)
    plan = plan_recovery(own, source("off kept suspended"), target("none"))
    assert [step.why for step in plan.steps] == [why]


def test_another_migrations_journal_tells_nothing_and_stays() -> None:
    there = view(Side.DESTINATION, "none", None)
    other = journal(S.FINISHING, Side.DESTINATION, id="m2")
    there = type(there)(side=there.side, libvirt=there.libvirt, journal=other)
    plan = plan_recovery(journal(S.COPYING), source("running kept run"), there)
    assert told(plan) == ["source forget"]


def test_a_domain_of_another_guest_is_not_touched() -> None:
    there = view(Side.DESTINATION, "none", S.COPYING)
    foreign = domain(9, "paused", "bbbbbbbb-0000-4000-8000-000000000002")
    there = type(there)(side=there.side, libvirt=there.libvirt, xen=(foreign,))
    plan = plan_recovery(journal(S.COPYING), source("running kept run"), there)
    assert told(plan) == ["source forget"]


@pytest.mark.parametrize("uuid", ["", "00000000-0000-0000-0000-000000000000"])
def test_a_domain_without_uuid_is_its_by_its_name(uuid: str) -> None:
    there = view(Side.DESTINATION, "none", S.COPYING)
    nameless = domain(9, "paused", uuid)
    there = type(there)(side=there.side, libvirt=there.libvirt, xen=(nameless,))
    plan = plan_recovery(journal(S.COPYING), source("running kept run"), there)
    assert told(plan) == ["destination destroy 9"]


NO_JOURNAL = [
    ("running kept run", "none", S.FAILED, []),
    ("running kept run", "none paused", S.FAILED, ["destination destroy 7"]),
    ("running kept run", "incoming", S.FAILED, ["destination restart-libvirtd"]),
    ("running kept run", "paused paused", S.UNDECIDED, []),
    ("off kept suspended", "none", S.UNDECIDED, []),
    ("off kept suspended", "running run", S.UNDECIDED, []),
    ("off kept", "running run", S.DONE, []),
    ("off kept", "off kept", S.FAILED, []),
    ("off kept", "none paused", S.UNDECIDED, []),
    ("running kept run", "silent", S.UNDECIDED, []),
]


@pytest.mark.parametrize(("here", "there", "over", "steps"), NO_JOURNAL)
def test_without_a_journal_only_orphans_go(
    here: str, there: str, over: MigrationState, steps: list[str]
) -> None:
    plan = plan_recovery(None, source(here, None), target(there, None))
    assert (told(plan), plan.state) == (steps, over)
