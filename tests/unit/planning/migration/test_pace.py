# SPDX-License-Identifier: Apache-2.0
"""How often a migration is looked at."""

import pytest

from nova_xen.planning.migration.pace import pause


@pytest.mark.parametrize(
    ("interval", "took", "seconds"),
    [
        (1.0, 0.001, 1.0),
        (1.0, 0.01, 1.0),
        (1.0, 0.02, 2.0),
        (1.0, 0.05, 3.0),
        (0.1, 0.001, 0.1),
        (0.1, 0.002, 0.2),
        (10.0, 0.05, 10.0),
    ],
)
def test_looks_take_a_hundredth_of_a_processor(
    interval: float, took: float, seconds: float
) -> None:
    assert pause(interval, took) == pytest.approx(seconds)
