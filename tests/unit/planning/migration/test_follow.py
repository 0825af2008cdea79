# SPDX-License-Identifier: Apache-2.0
"""Which states follow from what was seen of a guest."""

from __future__ import annotations

import pytest

from nova_xen.model import MigrationState as S
from nova_xen.planning.migration.follow import follow
from nova_xen.planning.migration.states import SUCCESSORS


@pytest.mark.parametrize(
    ("state", "stopped", "resumed", "entered"),
    [
        (S.COPYING, None, None, {}),
        (S.COPYING, 1.0, None, {S.STOPPED: 1.0}),
        (S.COPYING, 1.0, 2.0, {S.STOPPED: 1.0, S.FINISHING: 2.0}),
        # nobody saw it stop
        (S.COPYING, None, 2.0, {}),
        (S.STOPPED, 1.0, None, {}),
        (S.STOPPED, 1.0, 2.0, {S.FINISHING: 2.0}),
        (S.STOPPED, None, 2.0, {S.FINISHING: 2.0}),
        (S.FINISHING, 1.0, 2.0, {}),
        (S.ABORTING, 1.0, 2.0, {}),
        (S.PREPARING, 1.0, 2.0, {}),
    ],
)
def test_what_was_seen_tells(
    state: S, stopped: float | None, resumed: float | None, entered: dict[S, float]
) -> None:
    assert follow(state, stopped, resumed) == entered
    for earlier, later in zip([state, *entered], entered, strict=False):
        assert later in SUCCESSORS[earlier]
