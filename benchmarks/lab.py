# SPDX-License-Identifier: Apache-2.0
"""Parts of benchmarks that run in the dom0 of a lab host."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.nova_venv import TOP


def run_in_dom0(
    host: str, python: str, program: Path, asked: dict[str, Any]
) -> dict[str, dict[str, list[float]]]:
    """What ``program``, run with an argument of JSON, prints as JSON.

    :param python: the interpreter in dom0
    :returns: seconds, by two names
    :raises BenchmarkError: it failed, or the host is not up
    """
    remote = f"{python} - {shlex.quote(json.dumps(asked))}"
    with program.open("rb") as stream:
        done = subprocess.run(
            [str(TOP / "tools" / "xenlab"), "ssh", host, remote],
            stdin=stream,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-3:]).rstrip(".")
        raise BenchmarkError(
            f"The benchmark ended with code {done.returncode} on {host}: "
            f"{said or 'it said nothing'}; see that the hosts stay up and that "
            "'tools/xenlab install' was done."
        )
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout)
    return found
