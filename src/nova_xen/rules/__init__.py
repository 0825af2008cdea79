# SPDX-License-Identifier: Apache-2.0
"""What makes a document one that Xen runs: libvirt's schema and the XENnnn rules."""

from collections.abc import Iterator

from nova_xen import exceptions
from nova_xen.domain import Domain
from nova_xen.rules import devices, disks, machine
from nova_xen.rules.base import RULES, Finding, Rule, mode_of
from nova_xen.rules.schema import schema_findings

__all__ = ["RULES", "Finding", "Rule", "check", "findings", "mode_of"]

_ = (devices, disks, machine)  # importing them registers their rules


def findings(domain: Domain) -> Iterator[Finding]:
    """Every breach of a rule or of the schema in ``domain``."""
    for each in sorted(RULES, key=lambda known: known.id):
        yield from each.findings(domain)
    yield from schema_findings(domain.to_xml())


def check(domain: Domain) -> None:
    """Refuse a document that would not work.

    :raises RulesBroken: with every breach found
    """
    found = tuple(findings(domain))
    if found:
        raise exceptions.RulesBroken(
            server=domain.name, findings="; ".join(map(str, found)) + "."
        )
