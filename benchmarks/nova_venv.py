# SPDX-License-Identifier: Apache-2.0
"""A virtualenv of its own for Nova, which must not get among the project's packages."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.errors import BenchmarkError

TOP = Path(__file__).resolve().parents[1]
NOVA = "nova==34.0.0"
CONSTRAINTS = Path(__file__).with_name("nova34-constraints.txt")
REQUIREMENTS = TOP / "requirements.txt"
STAMP = "complete"


def default_folder() -> Path:
    """Where it is kept, by the XDG base directories."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "nova-xen" / "bench-nova"


def nova_python(folder: Path | None = None) -> Path:
    """The interpreter that has Nova and this checkout's dependencies.

    It is made when it is not there, was left half made, or is for other versions.

    :raises BenchmarkError: pip could not install them
    """
    venv = folder or default_folder()
    stamp = venv / STAMP
    wanted = _wanted()
    if not (stamp.exists() and stamp.read_text() == wanted):
        _make(venv)
        stamp.write_text(wanted)
    return venv / "bin" / "python"


def _wanted() -> str:
    """What the virtualenv was made of, as a hash."""
    parts = [NOVA, sys.version, CONSTRAINTS.read_text(), REQUIREMENTS.read_text()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _make(venv: Path) -> None:
    print(f"making a virtualenv with {NOVA} in {venv}", file=sys.stderr)
    shutil.rmtree(venv, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(venv))
    needs = ("-c", str(CONSTRAINTS), NOVA, "-r", str(REQUIREMENTS))
    _run(str(venv / "bin" / "pip"), "install", "-q", *needs)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BenchmarkError(
            f"The virtualenv for Nova could not be made: {' '.join(last)}; run "
            f"'{' '.join(argv)}' to see all of it."
        )
