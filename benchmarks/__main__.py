# SPDX-License-Identifier: Apache-2.0
"""Run benchmarks by name, print their figures, and keep them as JSON."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.machine import machine_facts
from benchmarks.nova_venv import TOP, nova_python
from benchmarks.report import Report

Benchmark = Callable[[int | None], Report]


def documents(rounds: int | None) -> Report:
    """Documents a second beside Nova's, in the interpreter that has Nova."""
    from benchmarks.documents import ROUNDS

    argv = [str(nova_python()), "-W", "ignore", "-m", "benchmarks.documents"]
    path = os.pathsep.join([str(TOP / "src"), str(TOP)])
    done = subprocess.run(
        [*argv, str(rounds or ROUNDS)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(
            f"documents ended with code {done.returncode}; what it said stands above."
        )
    return Report.from_dict(json.loads(done.stdout))


def round_trips(rounds: int | None) -> Report:
    """Calls of libvirt for each operation; counted, so that rounds mean nothing."""
    from benchmarks.round_trips import measure

    return measure()


def cli(rounds: int | None) -> Report:
    """Start of the command, beside a bare interpreter's."""
    from benchmarks.cli import ROUNDS, measure

    return measure(rounds or ROUNDS)


def images(rounds: int | None) -> Report:
    """A base made of an image beside qemu-img alone, a second server, and memory."""
    from benchmarks.images import ROUNDS, measure

    return measure(rounds or ROUNDS)


def create(rounds: int | None) -> Report:
    """nova-xen server create beside virsh create, on a real Xen host of the lab."""
    from benchmarks.create import ROUNDS, measure

    return measure(rounds or ROUNDS)


def injection(rounds: int | None) -> Report:
    """Files written into a guest's disk, beside the start of libguestfs's appliance."""
    from benchmarks.injection import ROUNDS, measure

    return measure(rounds or ROUNDS)


def migration(rounds: int | None) -> Report:
    """A migration's own cost beside libvirt, between two hosts in memory."""
    from benchmarks.migration import ROUNDS, measure

    return measure(rounds or ROUNDS)


def live_migration(rounds: int | None) -> Report:
    """The driver's live migration beside virsh's, between the lab's two hosts."""
    from benchmarks.live_migration import ROUNDS, measure

    return measure(rounds or ROUNDS)


BENCHMARKS: dict[str, Benchmark] = {
    "documents": documents,
    "round-trips": round_trips,
    "cli": cli,
    "images": images,
    "create": create,
    "injection": injection,
    "migration": migration,
    "live-migration": live_migration,
}
#: what runs when none is named: all that needs neither lab nor libguestfs
USUAL = ("documents", "round-trips", "cli", "images", "migration")


def _name(text: str) -> str:
    if text not in BENCHMARKS:
        known = ", ".join(BENCHMARKS)
        raise argparse.ArgumentTypeError(f"'{text}' is none of {known}")
    return text


def _rounds(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number above zero")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        type=_name,
        help=f"{', '.join(BENCHMARKS)} (default: {', '.join(USUAL)}; create and "
        "live-migration need the lab, injection libguestfs)",
    )
    parser.add_argument("--rounds", type=_rounds, metavar="N", help="rounds to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; 1 and a sentence when a benchmark could not be run."""
    arguments = _parser().parse_args(argv)
    facts = machine_facts()
    reports: list[dict[str, Any]] = []
    try:
        for name in arguments.names or USUAL:
            report = BENCHMARKS[name](arguments.rounds)
            print("\n".join(report.lines()), flush=True)
            reports.append(report.to_dict())
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        found = {"machine": facts, "reports": reports}
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
