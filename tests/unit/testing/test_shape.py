# SPDX-License-Identifier: Apache-2.0
"""The fake has the binding's methods, with the binding's arguments."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import libvirt
import pytest

import nova_xen.testing
from nova_xen.testing import FakeConnection, FakeDomain
from nova_xen.testing.unsupported import CONNECTION_CALLS, DOMAIN_CALLS

# What only the tests of a fake call.
OWN = {"broken", "deliver", "settle"}
LACKING = {*CONNECTION_CALLS, *DOMAIN_CALLS}


def _methods(made: type) -> list[str]:
    names = [name for name, _ in inspect.getmembers(made, inspect.isfunction)]
    return [name for name in names if not name.startswith("_") and name not in OWN]


PAIRS: list[tuple[type, Any, str]] = [
    *((FakeConnection, libvirt.virConnect, name) for name in _methods(FakeConnection)),
    *((FakeDomain, libvirt.virDomain, name) for name in _methods(FakeDomain)),
]
NAMES = [f"{made.__name__}.{name}" for made, _, name in PAIRS]


@pytest.mark.parametrize(("fake", "real", "name"), PAIRS, ids=NAMES)
def test_the_binding_has_the_method(fake: type, real: Any, name: str) -> None:
    assert hasattr(real, name)


def _counts(method: Any) -> tuple[int, float]:
    """Return the fewest and the most arguments a method takes."""
    fewest, most = 0, 0.0
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind is parameter.VAR_POSITIONAL:
            return fewest, float("inf")
        most += 1
        fewest += parameter.default is parameter.empty
    return fewest, most


@pytest.mark.parametrize(
    ("fake", "real", "name"),
    [pair for pair in PAIRS if pair[2] not in LACKING],
    ids=[
        name for name, pair in zip(NAMES, PAIRS, strict=True) if pair[2] not in LACKING
    ],
)
def test_the_fake_takes_what_the_binding_takes(
    fake: type, real: Any, name: str
) -> None:
    fewest, most = _counts(getattr(fake, name))
    real_fewest, real_most = _counts(getattr(real, name))
    assert fewest <= real_fewest
    assert most >= real_most


# What stands where the product has protocols of its own must speak their values.
SPEAKS = {"xen.py": {"nova_xen", "nova_xen.model", "nova_xen.migration.interfaces"}}
FOLDER = Path(nova_xen.testing.__file__).parent


@pytest.mark.parametrize(
    "file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name
)
def test_the_fake_shares_no_code_with_the_product(file: Path) -> None:
    imported = {
        node.module
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    own = {name for name in imported if name.startswith("nova_xen")}
    shared = {name for name in own if not name.startswith("nova_xen.testing")}
    assert shared == SPEAKS.get(file.name, set())
