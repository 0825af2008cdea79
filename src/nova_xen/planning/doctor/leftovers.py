# SPDX-License-Identifier: Apache-2.0
"""What processes that died have left to be put right."""

from collections.abc import Iterator

from nova_xen.model.doctor import Finding, LeftoverFacts
from nova_xen.planning.doctor.words import advice, counted, listed, ok, problem


def migrations(facts: LeftoverFacts) -> Iterator[Finding]:
    """A server with such a journal is not started, stopped or deleted before."""
    for sentence in facts.unreadable:
        yield problem("unsettled", sentence, "Do what it says; nothing else can.")
    if facts.migrations:
        number = counted(len(facts.migrations), "server", "servers")
        yield problem(
            "unsettled",
            f"Migrations of {number} were cut short: {listed(facts.migrations)}.",
            "Run 'nova-xen migration recover'.",
        )
    if not facts.unreadable and not facts.migrations:
        yield ok("unsettled", "No migration was cut short.")


def folders(facts: LeftoverFacts) -> Iterator[Finding]:
    """Servers that were never whole, or are half removed."""
    if not facts.folders:
        yield ok("unfinished", "No server is half made.")
        return
    number = counted(len(facts.folders), "server is", "servers are")
    yield advice(
        "unfinished",
        f"{number} half made or half removed: {listed(facts.folders)}.",
        "Make or delete a server: 'nova-xen server create' and 'delete' remove what is "
        "left of these.",
    )
