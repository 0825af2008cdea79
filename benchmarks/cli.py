# SPDX-License-Identifier: Apache-2.0
"""Start of the command ``nova-xen``: whole processes, beside a bare interpreter."""

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.report import Figure, Report, ratios
from benchmarks.timing import Work, interleaved

ROUNDS = 15
BARE = "python3 -c pass"

#: no daemon is there: the same refusal on every machine, after everything but Xen
NOWHERE = "xen+unix:///system?socket=/nonexistent/libvirt-sock"
REFUSED = 1
REFUSAL = "libvirt cannot be reached"


def measure(rounds: int = ROUNDS) -> Report:
    """Measure each command as a process, from its start to its end.

    :raises BenchmarkError: nova-xen is not installed, or a command ended otherwise
    """
    command = _command()
    works: dict[str, Work] = {
        BARE: functools.partial(_run, 0, [sys.executable, "-c", "pass"]),
        "nova-xen --version": functools.partial(_run, 0, [command, "--version"]),
        "nova-xen --help": functools.partial(_run, 0, [command, "--help"]),
        "nova-xen server list, refused": functools.partial(
            _run_refused, [command, "--connection", NOWHERE, "server", "list"]
        ),
    }
    taken = interleaved(works, rounds)
    figures = [
        Figure.of(name, "ms", [each * 1000 for each in seconds])
        for name, seconds in taken.items()
    ]
    figures += [
        Figure.of(f"{name}, times bare", "x", ratios(seconds, taken[BARE]))
        for name, seconds in taken.items()
        if name != BARE
    ]
    return Report(
        benchmark="cli",
        figures=tuple(figures),
        notes=(
            "server list goes as far as the refusal that no libvirtd is there",
            "files are in the page cache: each command ran before it was timed",
        ),
    )


def _command() -> str:
    """The installed command beside the interpreter that runs now."""
    command = Path(sys.executable).with_name("nova-xen")
    if not command.exists():
        raise BenchmarkError(
            f"There is no {command}, so that its start cannot be measured; run "
            "tools/setup first."
        )
    return str(command)


def _run(expected: int, argv: Sequence[str]) -> str:
    """What the command said on stderr.

    :raises BenchmarkError: it ended with another code than ``expected``
    """
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != expected:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise BenchmarkError(
            f"'{' '.join(argv)}' ended with code {done.returncode} instead of "
            f"{expected}: {last or 'it printed nothing'}"
        )
    return done.stderr


def _run_refused(argv: Sequence[str]) -> None:
    said = _run(REFUSED, argv)
    if REFUSAL not in said:
        raise BenchmarkError(
            f"'{' '.join(argv)}' was refused for another reason: {said.strip()}"
        )
