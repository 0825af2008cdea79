# SPDX-License-Identifier: Apache-2.0
"""Domain documents a second: planned, written, validated; beside Nova's own.

    python -m benchmarks.documents ROUNDS

runs inside the virtualenv that has Nova and prints the report as JSON, so that both
are measured in one process, in the same rounds, in seconds of its processor time.
"""

import json
import sys
import time
from importlib import metadata

from lxml import etree

from benchmarks import samples
from benchmarks.report import Figure, Report, ratios
from benchmarks.same_meaning import compare
from benchmarks.timing import BATCH, Work, interleaved
from nova_xen import rules
from nova_xen.domain import Domain, format_domain
from nova_xen.model import GuestMode, Plan
from nova_xen.planning import make_plan

ROUNDS = 21
VERSION = "0"


def measure(rounds: int = ROUNDS, *, nova: bool = True, batch: float = BATCH) -> Report:
    """Measure every mode; without ``nova`` this package alone.

    :raises BenchmarkError: Nova's document does not mean the same as ours
    """
    figures: list[Figure] = []
    only: dict[str, list[GuestMode]] = {}
    for mode in GuestMode:
        domain = _plan(mode).domain
        works = _own_works(mode, domain)
        if nova:
            for said in _differences(domain):
                only.setdefault(said, []).append(mode)
            works |= _nova_works(domain)
        taken = interleaved(works, rounds, clock=time.process_time, batch=batch)
        figures += _figures(mode, taken, nova)
    notes = [f"{', '.join(modes)}: {said}" for said, modes in only.items()]
    return Report(
        benchmark="documents",
        figures=tuple(figures),
        notes=(_versions(nova), *notes),
    )


def _plan(mode: GuestMode) -> Plan:
    return make_plan(samples.instance(mode), samples.HOST, samples.OPTIONS, VERSION)


def _own_works(mode: GuestMode, domain: Domain) -> dict[str, Work]:
    def everything() -> str:
        planned = _plan(mode).domain
        rules.check(planned)
        return format_domain(planned)

    return {
        "planned": lambda: _plan(mode),
        "written": lambda: format_domain(domain),
        "validated": lambda: rules.check(domain),
        "planned and written": lambda: format_domain(_plan(mode).domain),
        "planned, validated, written": everything,
    }


def _nova_works(domain: Domain) -> dict[str, Work]:
    from benchmarks.nova_config import nova_guest

    guest = nova_guest(domain)
    return {
        "written by Nova": guest.to_xml,
        "built and written by Nova": lambda: nova_guest(domain).to_xml(),
    }


def _differences(domain: Domain) -> list[str]:
    """Check that both mean the same; tell what one of them alone says."""
    from benchmarks.nova_config import nova_guest

    found = compare(format_domain(domain), nova_guest(domain).to_xml())
    return [
        f"only nova-xen's document has {_list(found.only_first)}",
        f"only Nova's document has {_list(found.only_second)}",
    ]


def _list(paths: tuple[str, ...]) -> str:
    return ", ".join(path.replace("[1]", "") for path in paths) or "nothing"


def _figures(
    mode: GuestMode, taken: dict[str, list[float]], nova: bool
) -> list[Figure]:
    found = [
        Figure.of(f"{mode} {name}", "documents/s", [1 / each for each in seconds])
        for name, seconds in taken.items()
    ]
    if not nova:
        return found
    pairs = {
        "written, of Nova's speed": ("written by Nova", "written"),
        "planned and written, of Nova's speed": (
            "built and written by Nova",
            "planned and written",
        ),
        "planned, validated, written, of Nova's speed": (
            "built and written by Nova",
            "planned, validated, written",
        ),
    }
    for name, (theirs, ours) in pairs.items():
        values = ratios(taken[theirs], taken[ours])
        found.append(Figure.of(f"{mode} {name}", "x", values))
    return found


def _versions(nova: bool) -> str:
    lxml = ".".join(str(each) for each in etree.LXML_VERSION[:3])
    beside = f", beside Nova {metadata.version('nova')}" if nova else ", without Nova"
    python = ".".join(str(each) for each in sys.version_info[:3])
    return f"Python {python}, lxml {lxml}{beside}; seconds of processor time"


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1])).to_dict()))
