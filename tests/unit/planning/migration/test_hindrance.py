# SPDX-License-Identifier: Apache-2.0
"""Which remains of a migration keep others from a server."""

import dataclasses

import pytest

from nova_xen.model import MigrationState, Side
from nova_xen.planning.migration.hindrance import (
    Hindrance,
    hindrance,
    never_stood_still,
)
from unit.planning.migration.recovery_views import BEFORE, journal, view

S = MigrationState
LATER = [each for each in S if each not in (*BEFORE, S.COPYING)]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        *((state, Hindrance.NONE) for state in BEFORE),
        (S.COPYING, Hindrance.PERHAPS),
        *((state, Hindrance.SURE) for state in LATER),
    ],
)
def test_what_the_source_s_journal_says(state: S, said: Hindrance) -> None:
    assert hindrance(journal(state)) is said


@pytest.mark.parametrize("state", S)
def test_a_destination_s_journal_always_does(state: S) -> None:
    assert hindrance(journal(state, Side.DESTINATION)) is Hindrance.SURE


@pytest.mark.parametrize(
    ("words", "never"),
    [
        ("running kept run", True),
        ("paused kept paused", True),
        ("running kept held", False),
        ("none was-held", False),
        ("running kept suspended", False),
        ("running kept ended", False),
        ("running kept run ended", False),
        ("running kept run run", False),
        ("off kept", False),
        ("none", False),
    ],
)
def test_what_the_host_has_says(words: str, never: bool) -> None:
    seen = view(Side.SOURCE, words, S.COPYING)
    assert never_stood_still(seen) is never
    assert not never_stood_still(dataclasses.replace(seen, busy=True))
