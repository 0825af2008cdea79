# SPDX-License-Identifier: Apache-2.0
"""What this program cannot do yet, so that no attack can go through it.

The rows that say so fail on the day it can, and are to be written anew then.
"""

import ast
import dataclasses
import inspect
import pathlib
import pkgutil
from collections.abc import Iterator

import pytest

import nova_xen
from nova_xen import operations
from nova_xen.cli.commands import NAMESPACE, Commands
from nova_xen.driver import LibvirtDriver
from nova_xen.operations.request import CreateRequest


def absent(*words: str) -> None:
    """Nothing that is named by one of these can be asked of the driver or command."""
    for word in words:
        assert [name for name in _names() if word in name.lower()] == []
        with pytest.raises(ValueError, match=word):
            Commands(NAMESPACE).find_command(["server", word, "web"])


def _names() -> Iterator[str]:
    """All that there is: what the driver does and takes, commands, operations."""
    yield from (name for name, _what in inspect.getmembers(LibvirtDriver))
    yield from (field.name for field in dataclasses.fields(CreateRequest))
    yield from (name for name, _entry_point in Commands(NAMESPACE))
    yield from (each.name for each in pkgutil.iter_modules(operations.__path__))


def callers(function: str) -> set[str]:
    """The modules of the program that call a function of this name."""
    root = pathlib.Path(nova_xen.__file__).parent
    return {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _called(node) == function
    }


def _called(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
