# SPDX-License-Identifier: Apache-2.0
"""The clock: a guest that migrates jumps by the difference between two hosts'."""

from collections.abc import Iterator

from nova_xen.model.doctor import ClockFacts, Finding
from nova_xen.planning.doctor.words import advice, ok


def clock(facts: ClockFacts) -> Iterator[Finding]:
    """By the kernel, whoever keeps it: chrony, ntpd or systemd-timesyncd."""
    match facts.synchronised:
        case None:
            yield advice(
                "clock",
                f"Whether the clock is synchronised is not known: {facts.why}.",
                "Ask timedatectl.",
            )
        case False:
            yield advice(
                "clock",
                "The clock is not synchronised: the time of a server jumps when it "
                "migrates, and 5 s apart no server migrates.",
                "Keep it by NTP (apt install chrony).",
            )
        case True:
            yield ok("clock", "The clock is synchronised.")
