# SPDX-License-Identifier: Apache-2.0
"""The list of rules for the documentation: ``PYTHONPATH=src:tests python -m
unit.rules.table`` writes it."""

import inspect
import pathlib

from nova_xen.rules import RULES, Rule
from unit.rules.breaches import BREACHES

PATH = pathlib.Path(__file__).parents[3] / "doc" / "rules.rst"
HEAD = """\
=====
Rules
=====

Before a guest is defined, its document is checked against libvirt's schema and these
rules, which say what the schema cannot. ``nova-xen explain`` and a refused
``nova-xen server create`` name a breach by its identifier.
"""


def entry(rule: Rule) -> str:
    """A rule: its reason, and what is said of documents that break it."""
    said = "\n".join(
        f"* *{each.sentence}*" for each in BREACHES if each.rule == rule.id
    )
    title = f"{rule.id}: {rule.check.__name__.replace('_', ' ')}"
    reason = inspect.getdoc(rule.check)
    return f"\n{title}\n{'-' * len(title)}\n\n{reason}\n\n{said}\n"


def table() -> str:
    """The whole page."""
    return HEAD + "".join(map(entry, sorted(RULES, key=lambda rule: rule.id)))


if __name__ == "__main__":
    PATH.write_text(table(), "utf-8")
