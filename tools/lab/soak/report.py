# SPDX-License-Identifier: Apache-2.0
"""What a soak found, line by line and as JSON."""

import json
from dataclasses import asdict, dataclass, field

from lab.soak.guests import Kind


@dataclass(frozen=True)
class Outcome:
    """One cycle.

    ``known``: crashes by known bugs of programs, not by the emulated processor;
    ``disturbed``: somebody restarted a daemon on purpose meanwhile.
    """

    number: int
    kind: str
    route: str
    steps: dict[str, float]
    failure: str = ""
    crashes: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    disturbed: bool = False

    @property
    def passed(self) -> bool:
        return not self.failure and not self.crashes

    def line(self) -> str:
        """One line for the terminal."""
        steps = ", ".join(f"{name} {took:.0f}s" for name, took in self.steps.items())
        verdict = "ok" if self.passed else "CRASH" if self.crashes else "FAILED"
        more = "; ".join([*self.crashes, self.failure] if not self.passed else [])
        note = " (disturbed)" if self.disturbed else ""
        note += " (known bug)" if self.known else ""
        text = (
            f"cycle {self.number} {self.kind:3} {self.route}: {verdict}{note} {steps}"
        )
        return f"{text} | {more}" if more else text


@dataclass
class Report:
    """A whole soak."""

    cpu: str
    suites: list[str]
    minutes: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    host_failure: str = ""

    @property
    def crashed(self) -> bool:
        return bool(self.host_failure) or any(o.crashes for o in self.outcomes)

    def passed_by_kind(self) -> dict[str, int]:
        return {
            kind.name: sum(o.passed for o in self.outcomes if o.kind == kind.name)
            for kind in Kind
        }

    def exit_code(self) -> int:
        """1 on any crash, and when a kind of guest never passed a cycle."""
        return int(self.crashed or not all(self.passed_by_kind().values()))

    def as_json(self) -> str:
        """The summary: figures, then everything that was not well."""
        bad = [asdict(outcome) for outcome in self.outcomes if not outcome.passed]
        return json.dumps(
            {
                "cpu": self.cpu,
                "suites": self.suites,
                "minutes": round(self.minutes, 1),
                "cycles": len(self.outcomes),
                "passed": self.passed_by_kind(),
                "crashes": sum(len(o.crashes) for o in self.outcomes),
                "known": [line for o in self.outcomes for line in o.known],
                "host_failure": self.host_failure,
                "failures": bad,
            },
            indent=2,
        )
