# SPDX-License-Identifier: Apache-2.0
"""A host that is off for good, by a person's word, and hosts that were rebooted.

Rows are as in recovery_seen: the journals' states, what the host that is left has, how
it is over, and the steps.
"""

import dataclasses

import pytest

from nova_xen.model import MigrationState, RecoveryPlan, Side
from nova_xen.planning.migration.recovery import plan_recovery
from unit.planning.migration.recovery_views import (
    AFTER,
    BEFORE,
    DURING,
    journal,
    told,
    view,
)

S = MigrationState
SOURCE, THERE = Side.SOURCE, Side.DESTINATION
ANY = [*BEFORE, *DURING, *AFTER]
Row = tuple[list[MigrationState], str, MigrationState, list[str]]
STARTED = ["source destroy 3", "source start"]
ARRIVED = ["destination persist", "destination destroy 7"]

#: the destination is lost, this is what the source has
WITHOUT_DESTINATION: dict[str, Row] = {
    "it runs on": (ANY, "running kept run", S.FAILED, ["source forget"]),
    "it runs on and is shown as paused": (
        ANY,
        "paused kept run",
        S.FAILED,
        ["source restart-libvirtd"],
    ),
    "somebody paused it": (
        ANY,
        "paused kept paused",
        S.FAILED,
        ["source forget"],
    ),
    "it stands still, and may have run there": (
        [*DURING, *AFTER],
        "off kept suspended",
        S.FAILED,
        STARTED,
    ),
    "and libvirt shows it": (
        [*DURING, *AFTER],
        "running kept suspended",
        S.FAILED,
        STARTED,
    ),
    "and libvirt has resumed it, and it is held": (
        [*DURING, *AFTER],
        "running kept held",
        S.FAILED,
        STARTED,
    ),
    "and it has no definition yet": (
        [*DURING, *AFTER],
        "paused suspended",
        S.FAILED,
        ["source persist", *STARTED],
    ),
    "and its definition would be lost": (
        [*DURING, *AFTER],
        "none suspended",
        S.UNDECIDED,
        [],
    ),
    "no migration of ours suspended it": (
        BEFORE,
        "off kept suspended",
        S.UNDECIDED,
        [],
    ),
    "it ran there": ([*DURING, *AFTER], "off kept", S.FAILED, ["source start"]),
    "it ran there and is defined there alone": (
        [*DURING, *AFTER],
        "none",
        S.DONE,
        ["source forget"],
    ),
    "it went off before": (BEFORE, "off kept", S.FAILED, ["source forget"]),
    "it shut itself down": (ANY, "off kept ended", S.FAILED, ["source forget"]),
    "two that cannot be told apart": (
        ANY,
        "running kept run suspended",
        S.UNDECIDED,
        [],
    ),
    "libvirt shows one that is gone": (
        ANY,
        "running kept",
        S.UNDECIDED,
        ["source restart-libvirtd"],
    ),
}
#: the source is lost, this is what the destination has
WITHOUT_SOURCE: dict[str, Row] = {
    "it runs here for good": (ANY, "running kept run", S.DONE, ["destination forget"]),
    "it runs here and has no definition": (
        [*DURING, *AFTER],
        "running run",
        S.DONE,
        ["destination persist"],
    ),
    "it came over whole, and may have run there since": (
        DURING,
        "paused paused",
        S.DONE,
        ARRIVED,
    ),
    "it ran here and somebody paused it": (
        AFTER,
        "paused kept paused",
        S.DONE,
        ["destination forget"],
    ),
    "no migration of ours brought it": (BEFORE, "paused paused", S.UNDECIDED, []),
    "a half of it": (DURING, "none paused", S.FAILED, ["destination destroy 7"]),
    "a half of it that arrives": (
        DURING,
        "incoming paused",
        S.FAILED,
        ["destination destroy 7", "destination restart-libvirtd"],
    ),
    "it may be the newest and is not seen": (
        AFTER,
        "none paused",
        S.UNDECIDED,
        [],
    ),
    "a record of it": (
        DURING,
        "incoming",
        S.FAILED,
        ["destination restart-libvirtd"],
    ),
    "nothing of it": (ANY, "none", S.FAILED, ["destination forget"]),
    "what came over was ended": (DURING, "off kept", S.DONE, ["destination start"]),
    "and its record is in the way": (
        DURING,
        "incoming kept",
        S.FAILED,
        ["destination restart-libvirtd"],
    ),
    "it shut itself down here": (
        [*DURING, *AFTER],
        "off kept ended",
        S.DONE,
        ["destination forget"],
    ),
    "it ran here and is off": (AFTER, "off kept", S.DONE, ["destination forget"]),
    "it went on from here": (ANY, "off suspended", S.UNDECIDED, []),
    "several that came over": (DURING, "paused paused paused", S.UNDECIDED, []),
}


#: the destination is lost, and the journal has the definition that nobody else has
DEFINED: dict[str, Row] = {
    "it ran there": (
        [*DURING, *AFTER],
        "none",
        S.FAILED,
        ["source define", "source start"],
    ),
    "it stands still": (
        [*DURING, *AFTER],
        "none suspended",
        S.FAILED,
        ["source define", *STARTED],
    ),
    "it shut itself down": (
        [*DURING, *AFTER],
        "none ended",
        S.FAILED,
        ["source define"],
    ),
    "libvirt has it still": (
        [*DURING, *AFTER],
        "off kept",
        S.FAILED,
        ["source start"],
    ),
}


@pytest.mark.parametrize(
    ("state", "words", "over", "steps"),
    [
        pytest.param(state, words, over, steps, id=f"{name}, {state}")
        for name, (states, words, over, steps) in DEFINED.items()
        for state in states
    ],
)
def test_a_definition_that_the_journal_has(
    state: MigrationState, words: str, over: MigrationState, steps: list[str]
) -> None:
    plan = without(THERE, state, words, definition="<domain/>")
    assert (told(plan), plan.state) == (steps, over)


def without(
    lost: Side, state: MigrationState, words: str, definition: str = ""
) -> RecoveryPlan:
    left = THERE if lost is SOURCE else SOURCE
    own = journal(state, left, definition=definition)
    seen = dataclasses.replace(view(left, words, state), journal=own)
    views = {left: seen, lost: None}
    return plan_recovery(own, views[SOURCE], views[THERE], lost=lost)


@pytest.mark.parametrize(
    ("lost", "state", "words", "over", "steps"),
    [
        pytest.param(lost, state, words, over, steps, id=f"no {lost}, {name}, {state}")
        for lost, table in ((THERE, WITHOUT_DESTINATION), (SOURCE, WITHOUT_SOURCE))
        for name, (states, words, over, steps) in table.items()
        for state in states
    ],
)
def test_without_a_host(
    lost: Side,
    state: MigrationState,
    words: str,
    over: MigrationState,
    steps: list[str],
) -> None:
    plan = without(lost, state, words)
    assert (told(plan), plan.state) == (steps, over)
    assert plan.sentence.endswith(".") is (over is not S.UNDECIDED)


@pytest.mark.parametrize(
    ("lost", "state", "words", "sentence"),
    [
        (THERE, S.STOPPED, "off kept suspended", "Server web1 runs on this host."),
        (
            THERE,
            S.FINISHING,
            "none",
            "Server web1 is off, and host xen2, which is lost, is the one that has its "
            "definition; 'nova-xen server start' starts it there once that host is "
            "back.",
        ),
        (
            SOURCE,
            S.COPYING,
            "none",
            "Server web1 is off, and host xen1, which is lost, is the one that has its "
            "definition; 'nova-xen server start' starts it there once that host is "
            "back.",
        ),
        (
            THERE,
            S.STOPPED,
            "none suspended",
            "Server web1 stands still on this host (domain 3), where libvirt has "
            "neither the domain nor a definition any more: define it again there "
            "('virsh define')",
        ),
    ],
)
def test_sentences(
    lost: Side, state: MigrationState, words: str, sentence: str
) -> None:
    assert without(lost, state, words).sentence == sentence


@pytest.mark.parametrize("lost", Side)
def test_when_the_host_that_is_left_cannot_be_asked(lost: Side) -> None:
    left = THERE if lost is SOURCE else SOURCE
    plan = plan_recovery(journal(S.COPYING, left), None, None, lost=lost)
    assert (plan.state, plan.steps) == (S.UNDECIDED, ())
    assert "see whether libvirtd runs" in plan.sentence


def test_a_view_of_a_host_that_is_lost_tells_nothing() -> None:
    here = view(SOURCE, "running kept run", S.STOPPED)
    there = view(THERE, "running kept run", S.STOPPED)
    plan = plan_recovery(journal(S.STOPPED), here, there, lost=THERE)
    assert told(plan) == ["source forget"]


#: states, what both have, which was rebooted since, how it is over, the steps
REBOOTED = {
    "it ran there until the reboot": (
        AFTER,
        ("off kept suspended", "none"),
        THERE,
        S.FAILED,
        ["source destroy 3"],
    ),
    "it ran there, and is defined there": (
        [*DURING, *AFTER],
        ("off kept suspended", "off kept"),
        THERE,
        S.DONE,
        ["source destroy 3", "source undefine"],
    ),
    "it ran there, and is defined nowhere": (
        AFTER,
        ("none suspended", "none"),
        THERE,
        S.UNDECIDED,
        [],
    ),
    "it had not arrived": (
        DURING,
        ("off kept suspended", "none"),
        THERE,
        S.FAILED,
        ["source resume 3"],
    ),
    "nobody can tell whether it had arrived": (
        DURING,
        ("running kept held", "none"),
        THERE,
        S.FAILED,
        ["source destroy 3", "source start"],
    ),
    "nobody can tell, and its definition is in the journal alone": (
        DURING,
        ("running held", "none"),
        THERE,
        S.FAILED,
        ["source persist", "source destroy 3", "source start"],
    ),
    "nobody can tell, and it could not be started yet": (
        DURING,
        ("off kept was-held", "none"),
        THERE,
        S.FAILED,
        ["source start"],
    ),
    "nobody can tell, and no definition is anywhere": (
        DURING,
        ("none held", "none"),
        THERE,
        S.UNDECIDED,
        [],
    ),
    "it was held and has been let go": (
        DURING,
        ("off kept was-held", "none"),
        None,
        S.FAILED,
        ["destination forget", "source forget"],
    ),
    "what was here is gone by the reboot": (
        DURING,
        ("off kept", "paused paused"),
        SOURCE,
        S.DONE,
        ["destination unpause 7"],
    ),
    "what was here is gone without one": (
        DURING,
        ("off kept", "paused paused"),
        None,
        S.UNDECIDED,
        [],
    ),
    "it ended there without a reboot": (
        AFTER,
        ("off kept suspended", "none"),
        None,
        S.UNDECIDED,
        [],
    ),
}


@pytest.mark.parametrize(
    ("state", "words", "rebooted", "over", "steps"),
    [
        pytest.param(state, words, rebooted, over, steps, id=f"{name}, {state}")
        for name, (states, words, rebooted, over, steps) in REBOOTED.items()
        for state in states
    ],
)
def test_a_reboot_is_known_by_the_boot(
    state: MigrationState,
    words: tuple[str, str],
    rebooted: Side | None,
    over: MigrationState,
    steps: list[str],
) -> None:
    """The journals of both hosts are of the boot ``b``."""
    here, there = (
        dataclasses.replace(
            view(side, each, state), boot_id="later" if side is rebooted else "b"
        )
        for side, each in zip(Side, words, strict=True)
    )
    plan = plan_recovery(journal(state), here, there)
    assert (told(plan), plan.state) == (steps, over)
