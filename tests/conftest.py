# SPDX-License-Identifier: Apache-2.0
"""Options all tests share, and what makes all of them cheaper."""

import gc

import hypothesis
import pytest

# the same examples each time: who changes something else is not to meet a new one;
# --hypothesis-profile default looks for new ones
hypothesis.settings.load_profile("ci")

TIERS = ("fake", "libxl", "lab")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier",
        choices=TIERS,
        default="fake",
        help="what the contract tests run against: the fake (default), libvirtd over "
        "a simulated Xen, or a real host (NOVA_XEN_LAB_URI)",
    )


def pytest_collection_finish() -> None:
    """What was collected stays: some seven thousand tests, and all that they import.

    Each full collection would look at it again, and took a tenth of a second.
    """
    gc.collect()
    gc.freeze()
