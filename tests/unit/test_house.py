# SPDX-License-Identifier: Apache-2.0
"""The order of the house: sizes, annotations, licences, floors."""

import ast
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

import nova_xen

SOURCE = pathlib.Path(nova_xen.__file__).parent
ROOT = SOURCE.parents[1]
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 300
MOST_FUNCTION_LINES = 40
LICENCE = "# SPDX-License-Identifier: Apache-2.0\n"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            yield node


def lines_of(function: Function) -> int:
    """Lines of the function without its docstring, which may say much."""
    whole = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        whole -= (first.end_lineno or 0) - first.lineno + 1
    return whole


def is_annotated(function: Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each]
    bare = [
        each.arg
        for each in [*named, *starred]
        if each.annotation is None and each.arg not in ("self", "cls")
    ]
    return function.returns is not None and not bare


def faults(text: str) -> list[str]:
    """What the order of the house does not allow in a file."""
    found = []
    if not text.startswith(LICENCE):
        found.append("no licence")
    if len(text.splitlines()) > MOST_LINES:
        found.append("too long")
    for function in functions(text):
        if lines_of(function) > MOST_FUNCTION_LINES:
            found.append(f"{function.name} is too long")
        if not is_annotated(function):
            found.append(f"{function.name} is not annotated")
    return found


@pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(SOURCE)) for path in FILES]
)
def test_file_is_in_order(path: pathlib.Path) -> None:
    assert faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LICENCE, []),
        ("x = 1\n", ["no licence"]),
        (LICENCE + "x = 1\n" * 300, ["too long"]),
        (LICENCE + "def f():\n    pass\n", ["f is not annotated"]),
        (LICENCE + "def f(x) -> None:\n    pass\n", ["f is not annotated"]),
        (LICENCE + "def f(*x) -> None:\n    pass\n", ["f is not annotated"]),
        (LICENCE + "def f() -> None:\n" + "    f()\n" * 40, ["f is too long"]),
        (LICENCE + "def f() -> None:\n" + "    f()\n" * 39, []),
    ],
)
def test_disorder_is_noticed(text: str, found: list[str]) -> None:
    assert faults(text) == found


def test_floors() -> None:
    """The contracts in pyproject.toml, by import-linter."""
    command = shutil.which(
        "lint-imports", path=str(pathlib.Path(sys.executable).parent)
    )
    if command is None:
        pytest.skip("import-linter is not installed")
    ran = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 broken" in ran.stdout
