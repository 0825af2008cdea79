# SPDX-License-Identifier: Apache-2.0
"""Every error is one finished sentence, and each is raised somewhere."""

import ast
import functools
import inspect
import pathlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

import nova_xen
from nova_xen import exceptions
from nova_xen.exceptions import NovaXenError

SOURCE = pathlib.Path(nova_xen.__file__).parent
FIELD = re.compile(r"%\((\w+)\)([a-z])")


def classes() -> list[type[NovaXenError]]:
    return [
        each
        for _name, each in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(each, NovaXenError)
    ]


def context_for(cls: type[NovaXenError]) -> dict[str, Any]:
    """A value for each field of the template; ``findings`` bring their own end."""
    values = {"s": "something", "d": 7, "g": 1.5}
    made = {name: values[kind] for name, kind in FIELD.findall(cls.msg_fmt)}
    ended = {"findings": "XEN001: it is wrong.", "undone": "All was undone."}
    return {name: ended.get(name, value) for name, value in made.items()}


def leaves() -> set[str]:
    everything = classes()
    return {
        cls.__name__
        for cls in everything
        if not any(other is not cls and issubclass(other, cls) for other in everything)
    }


def used_in(sources: Iterable[ast.Module]) -> set[str]:
    """Names of errors that are made (called) anywhere in the source."""
    found = set()
    for tree in sources:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                match node.func:
                    case ast.Attribute(attr=name) | ast.Name(id=name):
                        found.add(name)
    return found


def assigned_in(sources: Iterable[ast.Module]) -> set[str]:
    """Names that stand as values, such as in a table of errors by libvirt's code."""
    found = set()
    for tree in sources:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                match node.value:
                    case ast.Name(id="exceptions"):
                        found.add(node.attr)
    return found


def trees() -> Iterator[ast.Module]:
    for path in SOURCE.rglob("*.py"):
        if path.name != "exceptions.py":
            yield ast.parse(path.read_text("utf-8"))


def without_handlers(tree: ast.Module) -> ast.Module:
    """The tree without the names that ``except`` catches: catching is not raising."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            node.type = None
    return tree


@functools.cache
def raised() -> set[str]:
    """Errors that are made, or handed on to be made."""
    remaining = [without_handlers(tree) for tree in trees()]
    return used_in(remaining) | assigned_in(remaining)


def unraised(names: set[str]) -> set[str]:
    """Errors that are neither made nor handed on to be made."""
    return names - raised()


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_it_is_one_finished_sentence(cls: type[NovaXenError]) -> None:
    error = cls(**context_for(cls))
    sentence = str(error)
    assert sentence == error.sentence
    assert sentence[0].isalnum()
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "%(" not in sentence
    assert "Traceback" not in sentence
    assert "None" not in sentence
    assert sentence.isprintable()


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_its_context_is_kept(cls: type[NovaXenError]) -> None:
    context = context_for(cls)
    assert cls(**context).context == context


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_a_missing_value_is_a_programming_error(cls: type[NovaXenError]) -> None:
    context = context_for(cls)
    for name in context:
        rest = {key: value for key, value in context.items() if key != name}
        with pytest.raises(KeyError, match=name):
            cls(**rest)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("two\nlines", "two lines"),
        ("back\r\nagain", "back again"),
        ("\x1b[2J", "\\x1b[2J"),
        ("nul\x00", "nul\\x00"),
        ("\ud800", "\\ud800"),
        ("größe %(server)s 100%", "größe %(server)s 100%"),
    ],
)
def test_values_cannot_forge_lines_or_move_the_cursor(given: str, shown: str) -> None:
    error = exceptions.InvalidRequest(server="web1", why=given)
    assert str(error) == f"Server web1 cannot be made as asked: {shown}."
    assert error.context["why"] == given


def test_details_stand_beside_the_sentence() -> None:
    error = exceptions.HostCannot(server="web1", why="it is full")
    assert not error.details
    assert error.with_details(("line 1", "line 2")) is error
    assert error.details == ("line 1", "line 2")
    assert str(error) == "Server web1: this host cannot do it: it is full."


def test_each_leaf_is_raised_somewhere() -> None:
    assert unraised(leaves()) == set()


def test_a_dead_error_is_noticed() -> None:
    assert unraised({"NeverRaised", "InvalidName"}) == {"NeverRaised"}


def test_catching_is_not_raising() -> None:
    tree = ast.parse("try:\n    f()\nexcept exceptions.Lost:\n    raise")
    assert "Lost" in assigned_in([tree])
    assert "Lost" not in assigned_in([without_handlers(tree)])
