# SPDX-License-Identifier: Apache-2.0
"""The soak itself: cycles of PV, PVH and HVM guests until the time is over."""

import itertools
import time
from pathlib import Path

from lab.errors import LabError
from lab.hosts import Lab
from lab.progress import say
from lab.settings import HOSTS
from lab.soak import cycle, health
from lab.soak.cycle import CycleError, Timer
from lab.soak.guests import Guest, Kind
from lab.soak.report import Outcome, Report
from lab.ssh import Ssh

# crashes were seen mostly beside an HVM guest: one stays on each host all the time
_BYSTANDER = "soak-beside"


class Soak:
    """Two hosts, and what was seen on them."""

    def __init__(self, lab: Lab, summary: Path) -> None:
        self.hosts = [lab.ssh(host) for host in HOSTS]
        records = [lab.record(host) for host in HOSTS]
        cpus = sorted({record.cpu for record in records if record})
        suites = [record.suite for record in records if record]
        self.report = Report(" and ".join(cpus), suites)
        self.summary = summary

    def run(self, minutes: float) -> Report:
        """Cycles for so many minutes; the summary is renewed after each."""
        begun = time.monotonic()
        try:
            self._bystanders()
            for number in itertools.count(1):
                outcome = self._cycle(number)
                say(outcome.line())
                self._keep(outcome, begun)
                if self.report.minutes >= minutes:
                    break
        except LabError as error:
            self.report.host_failure = str(error)
            self._keep(None, begun)
        return self.report

    def _keep(self, outcome: Outcome | None, begun: float) -> None:
        if outcome:
            self.report.outcomes.append(outcome)
        self.report.minutes = (time.monotonic() - begun) / 60
        self.summary.write_text(self.report.as_json() + "\n")

    def _bystanders(self) -> None:
        for number, ssh in enumerate(self.hosts):
            beside = Guest(Kind.HVM, number, f"{_BYSTANDER}-{ssh.host.name}")
            cycle.clean(ssh, beside)
            ssh.run(f"rm -f {beside.log}")
            cycle.prepare(ssh, beside)
            cycle.create(ssh, beside, Timer({}))
            say(f"an HVM guest stays on {ssh.host.name}")

    def _cycle(self, number: int) -> Outcome:
        kind = list(Kind)[number % len(Kind)]
        # one pair of hosts for three kinds, then the other way round
        source, target = self.hosts if number // len(Kind) % 2 else self.hosts[::-1]
        # a name never seen before: the console logs of a name go on for ever
        guest = Guest(kind, number + 10, f"soak-{int(time.time())}")
        before = [health.look(ssh) for ssh in self.hosts]
        timer = Timer({})
        failure = _attempt(source, target, guest, timer)
        after = [health.look(ssh) for ssh in self.hosts]
        crashes, known = [], []
        for ssh, old, new in zip(self.hosts, before, after, strict=True):
            found = health.compare(old, new)
            crashes += [f"{ssh.host.name} {line}" for line in found.crashes]
            known += [f"{ssh.host.name} {line}" for line in found.known]
        return Outcome(
            number,
            kind.name,
            f"{source.host.name}>{target.host.name}",
            timer.steps,
            failure=failure,
            crashes=tuple(crashes),
            known=tuple(known),
            disturbed=[h.wanted for h in before] != [h.wanted for h in after],
        )


def _attempt(source: Ssh, target: Ssh, guest: Guest, timer: Timer) -> str:
    """What failed, with the logs of both hosts; nothing when all went well."""
    try:
        cycle.whole(source, target, guest, timer)
    except CycleError as error:
        told = "".join(cycle.logs(ssh, guest) for ssh in (source, target))
        signal = "a program died of a signal: " if error.by_signal else ""
        return f"{signal}{error}\n{told}"
    finally:
        for ssh in (source, target):
            cycle.clean(ssh, guest)
    return ""
