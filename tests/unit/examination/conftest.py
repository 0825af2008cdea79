# SPDX-License-Identifier: Apache-2.0
"""A host that has nothing, to which a test gives what it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nova_xen.examination.places import Places

#: put a file below the root: path, content
Put = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def places(root: Path) -> Places:
    return Places(root=root, xl="no-such-program", openssl="no-such-program")


@pytest.fixture
def put(root: Path) -> Put:
    def put(path: str, text: str = "", *, mode: int = 0o644) -> Path:
        file = root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    return put


@pytest.fixture
def program(put: Put) -> Callable[[str, str], str]:
    """A program that is a shell script; gives its path."""

    def make(name: str, script: str) -> str:
        return str(put(f"/bin/{name}", f"#!/bin/sh\n{script}\n", mode=0o755))

    return make
