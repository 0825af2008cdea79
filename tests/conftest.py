# SPDX-License-Identifier: Apache-2.0
"""Options all tests share."""

import pytest

TIERS = ("fake", "libxl", "lab")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier",
        choices=TIERS,
        default="fake",
        help="what the contract tests run against: the fake (default), libvirtd over "
        "a simulated Xen, or a real host (NOVA_XEN_LAB_URI)",
    )
