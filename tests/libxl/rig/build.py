# SPDX-License-Identifier: Apache-2.0
"""Compile the simulated Xen once, and again when its sources change."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

_HERE = Path(__file__).parent
_FLAGS = ["-shared", "-fPIC", "-O1", "-g", "-Wall", "-Wextra", "-Wno-unused-parameter"]


def cache_folder() -> Path:
    """Return the folder for compiled files, by the XDG convention."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nova-xen-tests"


def sources() -> list[Path]:
    """Return the C files and their header, in a fixed order."""
    return sorted(_HERE.glob("*.[ch]"))


def _digest() -> str:
    digest = hashlib.sha256(" ".join(_FLAGS).encode())
    for source in sources():
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()[:16]


def library() -> Path:
    """Return the compiled simulation; needs cc and libxen-dev the first time."""
    target = cache_folder() / f"xensim-{_digest()}.so"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}")
    files = [str(source) for source in sources() if source.suffix == ".c"]
    command = ["cc", *_FLAGS, "-o", str(partial), *files, "-ldl", "-lpthread"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"the simulated Xen does not compile:\n{result.stderr}")
    partial.rename(target)
    return target
